/** A token was got, or one that was kept is used for the first time. */
export interface TokenEvent {
  readonly type: 'token';
  /** The token server, without secrets. */
  readonly realm: string;
  readonly scope: string;
  /** `server`: it was asked; `kept`: an earlier process had asked. */
  readonly source: 'server' | 'kept';
}
