import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { build, openDaemon, type BuildOptions } from '../../src/buildkit/index.ts';
import type { SolveRequest } from '../../src/buildkit/proto/control_pb.ts';
import { digestOf } from '../../src/oci/index.ts';
import { singleLayout, type SingleLayout } from '../../src/store/layout/index.ts';
import { fakeDaemon } from './fake-daemon.ts';
import { pushImage } from './image.ts';
import { tarOf } from './tar.ts';
import { folder } from './wired.ts';

/** The example in the docstring of `build`, as the body of a function. */
async function example(): Promise<string> {
  const source = await readFile(new URL('../../src/buildkit/build/build.ts', import.meta.url), 'utf8');
  const [, code = ''] = /```ts\n(.*?) \* ```/s.exec(source) ?? [];
  return code.replaceAll(/^ \* ?/gm, '');
}

const AsyncFunction = (async () => {}).constructor as new (
  ...parts: string[]
) => (...bindings: unknown[]) => Promise<unknown>;

test('the example of build does what it says', async () => {
  const place = await folder();
  await mkdir(join(place, 'app'));
  await writeFile(join(place, 'app/Dockerfile'), 'FROM base\n');
  const images = singleLayout(join(place, 'images'));
  const { digests } = await pushImage(images, 'layout', tarOf('file', Buffer.from('base')));
  const base = await images.getManifest('layout', digests.manifest);
  const { mediaType } = base.descriptor;
  await images.pushManifest('layout', await base.bytes(), { mediaType, tags: ['base'] });

  let asked: SolveRequest | undefined;
  const built = digestOf(Buffer.from('what was built'));
  const fake = await fakeDaemon('buildkitd', {
    control: () => ({
      solve(request) {
        asked = request;
        return { exporterResponse: { 'containerimage.digest': built } };
      },
    }),
  });
  onTestFinished(fake.close);

  const run = new AsyncFunction('openDaemon', 'build', 'singleLayout', `${await example()}; return digest;`);
  const digest = await run(
    () => openDaemon({ address: fake.address, kind: 'buildkitd' }),
    ({ context, ...options }: BuildOptions) => {
      expect(context).toEqual({ folder: 'app' });
      return build({ ...options, context: { folder: join(place, 'app') } });
    },
    (path: string): SingleLayout => singleLayout(join(place, path)),
  );
  expect(digest).toBe(built);
  expect(asked?.frontendAttrs['context:base']).toContain(digests.manifest);
  expect(asked?.exporters).toMatchObject([{ type: 'oci', attrs: { tar: 'false' } }]);
});
