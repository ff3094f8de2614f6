import type { Digest } from '../oci/index.ts';
import { isOwn, type Session } from './session.ts';
import type { UploadKey, UploadLog } from './upload-log.ts';

/** Smaller blobs, in bytes, are sent again sooner than anything could be kept in mind. */
const WORTHWHILE = 8 * 1024 * 1024;

/** What is kept in mind of the upload of one blob. None of it fails: at worst the upload begins at the start. */
export interface Bookmark {
  /** Where an earlier push had got to, if that is known. */
  readonly location: URL | undefined;
  keep(location: URL): Promise<void>;
  forget(): Promise<void>;
  /** This push is over. */
  close(): Promise<void>;
}

/** What is to be uploaded. */
interface Wanted {
  readonly repository: string;
  readonly digest: Digest;
  readonly size: number;
}

/** Opens the bookmark for a push; none for blobs that are not worth it. */
export async function openBookmark(
  session: Session,
  log: UploadLog | undefined,
  { repository, digest, size }: Wanted,
): Promise<Bookmark | undefined> {
  if (log === undefined || size <= WORTHWHILE) return undefined;
  const key: UploadKey = { registry: session.base.href, repository, digest };
  const page = await log.open(key).catch(() => undefined);
  if (page === undefined) return undefined;
  return {
    location: page.id === undefined ? undefined : ownUrl(session, page.id),
    async keep(location) {
      if (ownUrl(session, location.href) !== undefined) await page.keep(location.href).catch(() => {});
    },
    forget: () => page.forget().catch(() => {}),
    close: () => page.close().catch(() => {}),
  };
}

// What a registry told this process may lead anywhere, but a log is somebody's file: it may only lead to the registry.
function ownUrl(session: Session, id: string): URL | undefined {
  const url = URL.canParse(id) ? new URL(id) : undefined;
  const isPlain = url?.username === '' && url.password === '';
  return url !== undefined && isPlain && isOwn(session, url) ? url : undefined;
}
