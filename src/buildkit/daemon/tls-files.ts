/** Files in PEM, for a builder that is reached over the network. */
export interface TlsFiles {
  /** Who vouches for the builder; without it, those whom the system trusts. */
  readonly ca?: string;
  /** Who we are; both or none. */
  readonly cert?: string;
  readonly key?: string;
  /** The name in the builder's certificate, if it is not the host's. */
  readonly serverName?: string;
}
