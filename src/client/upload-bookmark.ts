import type { Digest } from '../oci/index.ts';
import { isOwn, type Session } from './session.ts';
import type { UploadKey, UploadLog } from './upload-log.ts';

/** Smaller blobs, in bytes, are sent again sooner than anything could be kept in mind. */
const WORTHWHILE = 8 * 1024 * 1024;

/** What is kept in mind of the upload of one blob. None of it fails: at worst the upload begins at the start. */
export interface Bookmark {
  find(): Promise<URL | undefined>;
  keep(location: URL): Promise<void>;
  forget(): Promise<void>;
  /** This process is no longer at it. */
  close(): void;
}

/** Gives out bookmarks. */
export type Bookmarks = (repository: string, digest: Digest, size: number) => Bookmark | undefined;

/** None for blobs that are not worth it, nor for the second who pushes the same blob at the same time. */
export function bookmarksIn(session: Session, log: UploadLog | undefined): Bookmarks {
  const open = new Set<string>();
  return (repository, digest, size) => {
    const name = `${repository} ${digest}`;
    if (log === undefined || size <= WORTHWHILE || open.has(name)) return undefined;
    open.add(name);
    const key: UploadKey = { registry: session.base.href, repository, digest };
    return {
      async find() {
        const id = await log.find(key).catch(() => undefined);
        return id === undefined ? undefined : ownUrl(session, id);
      },
      async keep(location) {
        if (ownUrl(session, location.href) !== undefined) await log.keep(key, location.href).catch(() => {});
      },
      forget: () => log.forget(key).catch(() => {}),
      close: () => void open.delete(name),
    };
  };
}

// What a registry told this process may lead anywhere, but a log is somebody's file: it may only lead to the registry.
function ownUrl(session: Session, id: string): URL | undefined {
  const url = URL.canParse(id) ? new URL(id) : undefined;
  const isPlain = url?.username === '' && url.password === '';
  return url !== undefined && isPlain && isOwn(session, url) ? url : undefined;
}
