import { RegistryError, type OpenableSource } from '../registry/index.ts';
import type { RequestBody } from '../transport/index.ts';

/** A body that fails when it is not as long as it was said to be, instead of being sent cut or padded. */
export function sized(source: OpenableSource, size: number): RequestBody {
  const { bytes } = source;
  if (bytes !== undefined) {
    if (bytes.length !== size) throw wrongSize(size, bytes.length);
    return { ...source, size };
  }
  return { replayable: source.replayable, size, open: () => counted(source.open(), size) };
}

async function* counted(stream: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Uint8Array> {
  let seen = 0;
  for await (const chunk of stream) {
    seen += chunk.length;
    if (seen > size) throw wrongSize(size, seen);
    yield chunk;
  }
  if (seen < size) throw wrongSize(size, seen);
}

/** A source has more or fewer bytes than it was said to have. */
export function wrongSize(size: number, seen: number): RegistryError {
  return new RegistryError(
    'SIZE_INVALID',
    `the source should have ${size} bytes, it has ${seen > size ? 'more' : seen}`,
    { status: 400 },
  );
}
