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
  /**
   * Opens a page for one push. Where an earlier push of the same blob has left one, it is that; but each page is one
   * push's alone, as two at one upload would spoil it for both.
   */
  open(key: UploadKey): Promise<UploadPage>;
}

/** What a log keeps of one upload, for the one push that has opened it. */
export interface UploadPage {
  /** The id that an earlier push kept last; undefined on a new page. */
  readonly id: string | undefined;
  keep(id: string): Promise<void>;
  /** What was kept is of no use to anybody any more. */
  forget(): Promise<void>;
  /** This push is over: what is kept is for the next one. To be called once, and last. */
  close(): Promise<void>;
}
