import { defaultCredentials } from '../auth/index.ts';
import type { RegistryFlags } from './flags.ts';
import { createPlaces, type Places } from '../place/index.ts';
import { statistics } from './statistics.ts';
import { say, type Context } from './context.ts';

/** Runs a command on places that are closed behind it, and counts its requests. */
export async function withPlaces(
  context: Context,
  flags: RegistryFlags,
  run: (places: Places) => Promise<void>,
): Promise<void> {
  const requests = statistics();
  const places = createPlaces({
    credentials: defaultCredentials({ environment: context.process.env }),
    onEvent: (event) => {
      if (event.type === 'request') requests.count(`${event.method} ${event.kind}`, event.status);
    },
    ...(flags.plainHttp !== undefined && { plainHttp: flags.plainHttp }),
    ...(flags.allowRealm !== undefined && { allowRealms: flags.allowRealm }),
  });
  try {
    await run(places);
  } finally {
    await places.close();
    if (flags.stats) say(context, requests.summary());
  }
}
