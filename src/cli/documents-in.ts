import { jsonDocuments, parseOrdered, type Ordered } from '../json/index.ts';
import { Invalid } from '../oci/index.ts';

/**
 * Reads a stream of JSON documents; what is wrong with one is told with its number, and the line on which it begins.
 * @param read makes of each what it is to be
 * @throws {Invalid} subject `document`, and of what is thrown for a document.
 */
export async function* documentsIn<T>(
  chunks: AsyncIterable<Uint8Array>,
  read: (document: Ordered) => T,
): AsyncGenerator<T> {
  let number = 0;
  for await (const { text, line } of jsonDocuments(chunks)) {
    number++;
    try {
      yield read(parseOrdered(text));
    } catch (error) {
      if (!(error instanceof Invalid)) throw error;
      throw new Invalid(error.subject, `document ${number}, line ${line}: ${error.message}`);
    }
  }
}
