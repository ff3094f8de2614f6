import { createContextKey, type ContextKey, type HandlerContext } from '@connectrpc/connect';
import type { RawCall } from '../session/attachable.ts';

/**
 * The headers of a call as they came: name, value, name, value. `Headers` joins those that come several times with
 * commas, which patterns may have in them too.
 */
export const rawHeaders: ContextKey<readonly string[] | undefined> = createContextKey<
  readonly string[] | undefined
>(undefined, { description: 'headers as they came' });

/** The values of a header, each for itself. @param raw headers as they came */
export function valuesOf(raw: readonly string[], name: string): readonly string[] {
  return raw.filter((_, index) => index % 2 === 1 && raw[index - 1]?.toLowerCase() === name);
}

/** The values of a header of a call that the router takes. */
export function metadataOf(
  context: Pick<HandlerContext, 'values' | 'requestHeader'>,
  name: string,
): readonly string[] {
  const raw = context.values.get(rawHeaders);
  return raw === undefined ? (context.requestHeader.get(name)?.split(', ') ?? []) : valuesOf(raw, name);
}

/**
 * The values of a header whose values are encoded as in a query if there is anything in them but ASCII; another header
 * says so.
 * @see https://github.com/moby/buildkit/blob/master/session/filesync/filesync.go
 */
export function decodedMetadata({ metadata }: Pick<RawCall, 'metadata'>, name: string): readonly string[] {
  const values = metadata(name);
  const encoded = /^(?:1|t|true)$/i.test(metadata(`${name}-encoded`)[0] ?? '');
  return encoded ? values.map(decode) : values;
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value.replaceAll('+', ' '));
  } catch {
    return value;
  }
}
