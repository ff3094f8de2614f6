import { jsonDocuments } from '../../json/index.ts';
import { Invalid } from '../../oci/index.ts';
import type { PlacedDocument } from './document.ts';
import { parseDocument } from './parse-document.ts';

/**
 * Reads a stream of documents, one after the other.
 * @param chunks JSON documents, each on as many lines as it likes
 * @throws {Invalid} with the number of the document that is malformed, its line, and the place in it.
 */
export async function* readDocuments(
  chunks: AsyncIterable<Uint8Array | string>,
): AsyncGenerator<PlacedDocument> {
  let number = 0;
  for await (const { text, line } of jsonDocuments(chunks)) {
    number++;
    try {
      yield { ...parseDocument(text), number, line };
    } catch (error) {
      if (!(error instanceof Invalid)) throw error;
      throw new Invalid(error.subject, `document ${number}, line ${line}: ${error.message}`);
    }
  }
}
