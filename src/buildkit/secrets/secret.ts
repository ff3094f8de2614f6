/** Where a secret comes from. */
export type SecretSource =
  /** The path of a file, or of a pipe. */
  | { readonly file: string }
  /** The name of a variable of the environment. One that is not set is empty, as it is to a shell. */
  | { readonly variable: string }
  | { readonly bytes: Uint8Array };

/** A secret by the name that `RUN --mount=type=secret,id=…` has for it. It has 500 KiB at the most. */
export interface Secret {
  readonly id: string;
  readonly source: SecretSource;
}
