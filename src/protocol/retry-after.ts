/** Longer than this, in seconds, no server may send us away: the figure is a mistake then. */
const LONGEST_WAIT = 24 * 60 * 60;

/**
 * The seconds to wait, off a `Retry-After` that is seconds or a date.
 * @returns undefined for what makes no sense.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
 */
export function parseRetryAfter(field: string | undefined): number | undefined {
  if (field === undefined) return undefined;
  const seconds = /^\d{1,9}$/.test(field) ? Number(field) : (Date.parse(field) - Date.now()) / 1000;
  return seconds > 0 && seconds <= LONGEST_WAIT ? Math.ceil(seconds) : undefined;
}
