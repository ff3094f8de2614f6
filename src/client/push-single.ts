import { mediaTypes } from '../oci/index.ts';
import { begun } from './begin.ts';
import type { Push } from './push-chunk.ts';
import { uploadCall, type Standing } from './upload-answer.ts';

/** Larger blobs, in bytes, are not sent on the chance that the registry does not want them so. */
const LARGEST = 1024 * 1024;
/** Up to this size a blob is sent sooner than it is asked whether it is there. */
const UNASKED = 64 * 1024;

/** Whether a blob should go with the POST. @param asks whether that could make sending it needless */
export function fitsPost(size: number, asks: boolean): boolean {
  return size <= (asks ? UNASKED : LARGEST);
}

/**
 * Sends a blob with the request that starts its upload.
 * @returns undefined if that was all; else the registry wants the bytes at this place.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#single-post
 */
export async function postWhole(push: Push): Promise<Standing | undefined> {
  const { session, repository, digest, size, body, signal } = push;
  const response = await session.call(
    {
      ...uploadCall('POST', repository, undefined, signal),
      query: new URLSearchParams({ digest }),
      headers: { 'content-type': mediaTypes.octetStream },
      body: body.part(0, size),
    },
    201,
    202,
  );
  if (response.status === 202) return begun(session, response);
  await response.discard();
  return undefined;
}
