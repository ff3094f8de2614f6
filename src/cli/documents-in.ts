import { parseOrdered, readJsonDocuments, type Ordered } from '../json/index.ts';

/**
 * Reads a stream of JSON documents, with the order of their names and the digits of their numbers.
 * @param read makes of each what it is to be
 * @throws {Invalid} with the number of the document that is malformed, and its line.
 */
export function documentsIn<T>(
  chunks: AsyncIterable<Uint8Array>,
  read: (document: Ordered) => T,
): AsyncGenerator<T> {
  return readJsonDocuments(chunks, ({ text }) => read(parseOrdered(text)));
}
