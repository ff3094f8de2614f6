import type { ByteRange } from '../registry/index.ts';

/** Whole numbers of bytes, as far as JavaScript counts exactly. */
function bytes(digits: string): number | undefined {
  const value = digits.length <= 16 ? Number(digits) : Number.NaN;
  return Number.isSafeInteger(value) ? value : undefined;
}

/** Writes the `Range` field of a request for a part of a blob. */
export function formatRange({ start, end }: ByteRange): string {
  return `bytes=${start}-${end === undefined ? '' : end - 1}`;
}

/** What a `Range` field asks for: a part, the last so many bytes, or what cannot be. */
export type RangeWish = ByteRange | { readonly last: number } | 'unsatisfiable';

/**
 * Reads a `Range` field.
 * @returns `undefined` where the field is to be ignored (another unit, several ranges, not well-formed), so that
 *   the whole is sent.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-14.2
 */
export function parseRange(field: string | undefined): RangeWish | undefined {
  if (field === undefined || field.length > 64) return undefined;
  const match = /^bytes=(\d*)-(\d*)$/.exec(field.replaceAll(' ', ''));
  if (match === null || (match[1] === '' && match[2] === '')) return undefined;
  const [, first = '', final = ''] = match;
  if (first === '') return { last: bytes(final) ?? Number.MAX_SAFE_INTEGER };
  const start = bytes(first);
  if (start === undefined) return 'unsatisfiable';
  const end = final === '' ? undefined : bytes(final);
  if (end === undefined) return { start };
  // A range that runs backwards is not well-formed, and might be ignored; distribution, and so its clients, know it as 416.
  return end < start ? 'unsatisfiable' : { start, end: end + 1 };
}

/** Writes the `Content-Range` of a 206. */
export function formatContentRange({ start, end }: Required<ByteRange>, size: number): string {
  return `bytes ${start}-${end - 1}/${size}`;
}

/** Reads the `Content-Range` of a 206. The total may be unknown (`*`), else it lies past the last byte. */
export function parseContentRange(field: string | undefined): Required<ByteRange> | undefined {
  const match = /^bytes (\d{1,16})-(\d{1,16})\/(\d{1,16}|\*)$/.exec(field?.slice(0, 80) ?? '');
  if (match === null) return undefined;
  const range = between(match[1], match[2]);
  return range === undefined || (match[3] !== '*' && range.end > Number(match[3])) ? undefined : range;
}

/**
 * Writes the place of a chunk: first and last byte, without a unit.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-a-blob-in-chunks
 */
export function formatChunkRange(start: number, size: number): string {
  return `${start}-${start + size - 1}`;
}

/** Reads the place of a chunk. @returns undefined when it is not `first-last`. */
export function parseChunkRange(field: string): Required<ByteRange> | undefined {
  const match = /^(\d{1,16})-(\d{1,16})$/.exec(field.slice(0, 40));
  return match === null ? undefined : between(match[1], match[2]);
}

/** Writes what an upload holds. An empty one is `0-0`, as all registries write it, though that also means one byte. */
export function formatHeld(size: number): string {
  return `0-${Math.max(0, size - 1)}`;
}

/**
 * Reads how many bytes an upload holds, off a `Range` that may carry a unit.
 * @returns undefined when it is malformed or does not start at 0; for `0-0`, which is 0 or 1 byte, 0.
 */
export function parseHeld(field: string | undefined): number | undefined {
  const range = parseChunkRange((field ?? '').replace(/^bytes=/, ''));
  if (range === undefined || range.start !== 0) return undefined;
  return range.end === 1 ? 0 : range.end;
}

function between(first = '', last = ''): Required<ByteRange> | undefined {
  const [start, inclusive] = [bytes(first), bytes(last)];
  if (start === undefined || inclusive === undefined || inclusive < start) return undefined;
  return { start, end: inclusive + 1 };
}
