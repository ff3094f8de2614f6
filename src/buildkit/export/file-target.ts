/** Where what was built goes to. */
export type FileTarget =
  /** A tar, or whatever the exporter makes: takes the bytes in order, and has kept them when it is done. */
  | { readonly take: (bytes: AsyncIterable<Uint8Array>) => Promise<void> }
  /** The path of a folder; it is made if it is not there. */
  | { readonly folder: string };
