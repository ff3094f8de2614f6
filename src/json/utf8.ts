import { Invalid } from '../oci/index.ts';

/** Text or bytes in UTF-8, whole or in pieces. */
export type TextSource = string | Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>;

/**
 * The text of a source, piece by piece.
 * @throws {Invalid} subject `json`, for bytes that are no UTF-8.
 */
export async function* decodeUtf8(source: TextSource): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  for await (const chunk of typeof source === 'string' ? [source] : source)
    yield typeof chunk === 'string' ? chunk : decode(decoder, chunk);
  yield decode(decoder);
}

function decode(decoder: InstanceType<typeof TextDecoder>, chunk?: Uint8Array): string {
  try {
    return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
  } catch {
    throw new Invalid('json', 'not valid UTF-8');
  }
}
