const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * Reads a time as people write it: `500ms`, `30s`, `5m`, `2h`, `30d`; a bare number is of seconds.
 * @returns milliseconds
 * @throws {SyntaxError} for anything else.
 */
export function parseDuration(text: string): number {
  const [, number, unit = 's'] = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)?$/.exec(text) ?? [];
  const factor = UNITS[unit];
  if (number === undefined || factor === undefined)
    throw new SyntaxError(`not a time: ${text.slice(0, 40)}; write it as 30s, 5m or 2h`);
  return Number(number) * factor;
}
