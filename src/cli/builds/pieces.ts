/**
 * Puts small pieces of text together, so that each is worth being written.
 * @param least characters of a piece, but of the last
 */
export async function* inPieces(
  texts: AsyncIterable<string> | Iterable<string>,
  least: number = 64 * 1024,
): AsyncGenerator<string> {
  let gathered: string[] = [];
  let length = 0;
  for await (const text of texts) {
    gathered.push(text);
    length += text.length;
    if (length < least) continue;
    yield gathered.join('');
    [gathered, length] = [[], 0];
  }
  if (length > 0) yield gathered.join('');
}
