/** That the length of a field stands before it. */
const LENGTH_DELIMITED = 2;

/**
 * A number as messages have it: in groups of seven bits, the lowest first.
 * @param value an integer from 0 to 2⁵³
 * @see https://protobuf.dev/programming-guides/encoding/#varints
 */
export function varint(value: number): readonly number[] {
  const groups: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    groups.push(rest < 128 ? rest : (rest % 128) + 128);
    if (rest < 128) return groups;
  }
}

/**
 * What goes before bytes in a message.
 * @param number of their field, at most 15
 * @param length how many there are
 * @see https://protobuf.dev/programming-guides/encoding/#length-types
 */
export function bytesFieldHead(number: number, length: number): readonly number[] {
  return [number * 8 + LENGTH_DELIMITED, ...varint(length)];
}
