import { RegistryError, type Registry } from '../../registry/index.ts';
import type { Station } from './route.ts';

/**
 * The list of the first one that gives any. After its first item there is no way back: the next one's may be another.
 * With `missing`, one that is empty is none: mirrors that only know images answer as if there were no signatures.
 */
export async function* listInTurn<T>(
  stations: readonly Station[],
  list: (registry: Registry) => AsyncIterable<T>,
): AsyncGenerator<T> {
  for (const station of stations) {
    let begun = false;
    try {
      for await (const item of list(station.registry)) {
        if (!begun) station.served();
        begun = true;
        yield item;
      }
      if (begun || station.last) return;
      if (station.fallback !== 'missing') return station.served();
      station.failed(new RegistryError('MANIFEST_UNKNOWN', 'the list is empty', { status: 404 }));
    } catch (error) {
      if (begun) throw error;
      station.failed(error);
    }
  }
}
