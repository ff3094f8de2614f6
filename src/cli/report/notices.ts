import { printable } from '../../oci/index.ts';
import type { PlaceEvent } from '../../place/index.ts';

/** Waits shorter than this, in milliseconds, nobody wonders about. */
const NOTICEABLE = 2000;

/**
 * What people are told though they did not ask for a trace: why nothing happens for a while, what a registry has to say
 * to them, and that the cache does not work. Each once.
 */
export function notices(say: (line: string) => void): (event: PlaceEvent) => void {
  const told = new Set<string>();
  const once = (key: string, line: string): void => {
    if (told.has(key)) return;
    told.add(key);
    say(printable(line, 1000));
  };
  return (event) => {
    switch (event.type) {
      case 'wait':
        if (event.duration < NOTICEABLE) return;
        if (event.reason === 'rate')
          once(`rate ${event.origin}`, `Keeping to the rate at which ${event.origin} may be asked.`);
        else say(`Waiting ${Math.ceil(event.duration / 1000)} s: ${event.origin} asks for fewer requests.`);
        return;
      case 'warning':
        once(`warning ${event.text}`, `${event.host} warns: ${event.text}`);
        return;
      case 'cache':
        if (event.outcome === 'error') once('cache', 'The cache cannot be used; going on without it.');
        return;
      default:
    }
  };
}
