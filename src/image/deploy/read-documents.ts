import { readJsonDocuments } from '../../json/index.ts';
import type { PlacedDocument } from './document.ts';
import { parseDocument } from './parse-document.ts';

/**
 * Reads a stream of documents, one after the other.
 * @param chunks JSON documents, each on as many lines as it likes
 * @throws {Invalid} with the number of the document that is malformed, its line, and the place in it.
 */
export function readDocuments(chunks: AsyncIterable<Uint8Array | string>): AsyncGenerator<PlacedDocument> {
  return readJsonDocuments(chunks, ({ text, number, line }) => ({ ...parseDocument(text), number, line }));
}
