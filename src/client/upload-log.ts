/** Which blob an upload is of, and where it goes. */
export interface UploadKey {
  /** The registry's address. */
  readonly registry: string;
  readonly repository: string;
  readonly digest: string;
}

/**
 * Keeps in mind which uploads are under way, so that a process that comes after one that was ended goes on where that
 * had got to. An id may carry what the registry has signed: it is as much a secret as a token for this one upload.
 * A log that fails does not make a push fail, which then begins at the start.
 */
export interface UploadLog {
  /** The id that was kept last. */
  find(key: UploadKey): Promise<string | undefined>;
  keep(key: UploadKey, id: string): Promise<void>;
  forget(key: UploadKey): Promise<void>;
}
