import { RegistryError } from '../registry/index.ts';
import { redactUrl } from './origin.ts';
import type { TransportRequest } from './transport.ts';

/** The error for a request that got no answer, or not the whole of one. */
export function unavailable({ method, url }: TransportRequest, why: string, cause: unknown): RegistryError {
  const shown = redactUrl(url);
  return new RegistryError('UNAVAILABLE', `${method} ${shown}: ${why}`, { method, url: shown, cause });
}

/** A body whose errors are put into our terms. */
export async function* guarded(
  body: AsyncIterable<Uint8Array>,
  translate: (error: unknown) => unknown,
): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw translate(error);
  }
}
