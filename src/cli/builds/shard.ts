import type { Shard } from '../../builds/index.ts';

/**
 * Reads which part of several is meant: `1/4` is the first of four.
 * @throws {SyntaxError} for anything else.
 */
export function parseShard(text: string): Shard {
  const [, number, of] = /^([1-9]\d{0,5})\/([1-9]\d{0,5})$/.exec(text) ?? [];
  if (number !== undefined && of !== undefined && Number(number) <= Number(of))
    return { number: Number(number), of: Number(of) };
  throw new SyntaxError(`not a part of several: ${text.slice(0, 40)}; write it as 1/4`);
}
