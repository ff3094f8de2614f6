import { once } from 'node:events';
import { isLocalReference } from '../../place/index.ts';
import { createHandler, listen } from '../../server/index.ts';
import { print, say, type Context } from '../context.ts';
import { exitCodes } from '../exit-code.ts';
import { describeFailure } from '../failure.ts';
import type { RegistryFlags } from '../flags.ts';
import { servedFolder, servedImages } from './served.ts';

export interface ServeFlags extends Pick<RegistryFlags, 'store'> {
  readonly port: number;
  readonly host: string;
}

/** `stowage serve [DIR|REF]`: a registry over a folder of image layouts, or one layout or archive, until it is told to end. */
export default async function serve(this: Context, flags: ServeFlags, where: string): Promise<void> {
  const { port, host } = flags;
  const served = await (isLocalReference(where)
    ? servedImages(this, where, flags)
    : servedFolder(this, where));
  if (served === undefined) return;
  const handler = createHandler(served.registry, {
    onError: (error) => say(this, `stowage: ${describeFailure(error)}`),
  });
  let server: Awaited<ReturnType<typeof listen>>;
  try {
    server = await listen(handler, { port, host });
  } catch (error) {
    const busy = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
    say(
      this,
      busy
        ? `stowage: port ${port} is taken; choose another with --port`
        : `stowage: ${describeFailure(error)}`,
    );
    this.process.exitCode = exitCodes.error;
    return;
  }
  // An address that stands for all is none to connect to.
  const address = new URL(server.url).host.replace(/^(?:0\.0\.0\.0|\[::\])/, 'localhost');
  print(this, JSON.stringify({ url: server.url, ...served.facts }));
  served.explain(server.url, address);
  if (served.writable && !isLocal(host)) say(this, 'Everybody who reaches this port may push and delete.');
  if (!this.signal.aborted) await once(this.signal, 'abort');
  say(this, 'Finishing what is under way. Once more to end at once.');
  await server.close();
  await served.close();
}

function isLocal(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}
