/** Longer than this, in seconds (a week), no server may send us away: the figure is a mistake then. */
const LONGEST_WAIT = 7 * 24 * 60 * 60;
/** How far in the future, in seconds, a figure may lie that is taken for a point in time. */
const NEAR_FUTURE = 24 * 60 * 60;
/** Ten digits: seconds since 1970, from 2001 until 2286. No server means three decades. */
const EPOCH = /^\d{10}$/;
/** The three forms of a date that HTTP knows begin with the day of the week. */
const DATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? [\w :-]{1,40}$/;

/**
 * The seconds to wait, off a `Retry-After` that is seconds or a date; or the seconds since 1970 of a moment within a
 * day, as the API of Docker Hub has sent.
 * @param now in milliseconds since 1970
 * @returns undefined for what makes no sense, and for what is over.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
 * @see https://github.com/docker/hub-feedback/issues/2459
 */
export function parseRetryAfter(field: string | undefined, now: number = Date.now()): number | undefined {
  const text = field?.trim() ?? '';
  if (EPOCH.test(text)) return within(Number(text) - now / 1000, NEAR_FUTURE);
  if (/^\d{1,9}$/.test(text)) return within(Number(text), LONGEST_WAIT);
  if (!DATE.test(text)) return undefined;
  // The form of C's asctime does not name its zone, which is always GMT.
  const date = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`);
  return within((date - now) / 1000, LONGEST_WAIT);
}

function within(seconds: number, most: number): number | undefined {
  return seconds > 0 && seconds <= most ? Math.ceil(seconds) : undefined;
}
