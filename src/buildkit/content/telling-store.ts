import { isNotFound, isRegistryError } from '../../registry/index.ts';
import type { ContentStore } from './content-store.ts';

/** What the builder asks for in a way in which this may be the answer: where a blob ends, or how much it has of one. */
const ORDINARY: ReadonlySet<string> = new Set(['RANGE_INVALID', 'SIZE_INVALID', 'DIGEST_INVALID']);

/**
 * A content store that tells what its registry fails with. A builder would pass on no more than the words of it; and what
 * is unavailable it would ask for again, without end.
 * @param onFailure is told of what is neither an absence nor a wish of the caller
 */
export function tellingStore(store: ContentStore, onFailure: (error: Error) => void): ContentStore {
  const told = async <T>(call: () => Promise<T>): Promise<T> => {
    try {
      return await call();
    } catch (error) {
      tell(error);
      throw error;
    }
  };
  const tell = (error: unknown): void => {
    if (isRegistryError(error) && !isNotFound(error) && !ORDINARY.has(error.code)) onFailure(error);
  };
  const { writes } = store;
  return {
    ...store,
    info: (digest, options) => told(() => store.info(digest, options)),
    async *read(digest, part) {
      try {
        yield* store.read(digest, part);
      } catch (error) {
        tell(error);
        throw error;
      }
    },
    ...(writes !== undefined && {
      writes: {
        ...writes,
        // That somebody else writes it is no failure: the builder waits.
        async open(ref, about, options) {
          const ingest = await writes.open(ref, about, options);
          return {
            ...ingest,
            write: (bytes, given) => told(() => ingest.write(bytes, given)),
            commit: (size, expected, given) => told(() => ingest.commit(size, expected, given)),
          };
        },
      },
    }),
  };
}
