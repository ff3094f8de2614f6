import { once } from 'node:events';
import { access, constants } from 'node:fs/promises';
import { resolve } from 'node:path';
import { makeFolder } from '../../disk/index.ts';
import { createHandler, listen } from '../../server/index.ts';
import { layoutRegistry } from '../../store/layout/index.ts';
import { print, say, type Context } from '../context.ts';
import { exitCodes } from '../exit-code.ts';
import { describeFailure } from '../failure.ts';

export interface ServeFlags {
  readonly port: number;
  readonly host: string;
}

/** `stowage serve [DIR]`: a registry over a folder of image layouts, until it is told to end. */
export default async function serve(
  this: Context,
  { port, host }: ServeFlags,
  directory: string,
): Promise<void> {
  const root = resolve(directory);
  const handler = createHandler(layoutRegistry(root), {
    onError: (error) => say(this, `stowage: ${describeFailure(error)}`),
  });
  let server: Awaited<ReturnType<typeof listen>>;
  try {
    // Else the first who pushes would be told, and not the one who can do something about it.
    await makeFolder(root);
    await access(root, constants.W_OK);
  } catch (error) {
    say(this, `stowage: ${root} cannot be used: ${describeFailure(error)}`);
    this.process.exitCode = exitCodes.error;
    return;
  }
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
  print(this, JSON.stringify({ url: server.url, directory: root }));
  say(this, `Serving ${root} on ${server.url}. Push to it with, for example:`);
  say(this, `  stowage copy docker.io/library/alpine:latest ${address}/alpine:latest`);
  say(this, `  docker tag alpine:latest ${address}/alpine:latest && docker push ${address}/alpine:latest`);
  if (!isLocal(host)) say(this, 'Everybody who reaches this port may push and delete.');
  if (!this.signal.aborted) await once(this.signal, 'abort');
  say(this, 'Finishing what is under way. Once more to end at once.');
  await server.close();
}

function isLocal(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}
