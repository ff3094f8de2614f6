/** An agent by the name that `RUN --mount=type=ssh,id=…` has for it. */
export interface SshAgent {
  /** `default` is what a step asks for that names none. */
  readonly id: string;
  /** The path of the agent's socket; on Windows, of its pipe. */
  readonly socket: string;
}

/** What a step asks for that names none. */
export const DEFAULT_AGENT = 'default';
