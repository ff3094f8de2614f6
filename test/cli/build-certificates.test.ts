import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { fakeDaemon } from '../buildkit/fake-daemon.ts';
import { stowage } from './stowage.ts';

const certificate = (name: string): string =>
  new URL(`../transport/certificates/${name}`, import.meta.url).pathname;

test('a builder that knows its callers by their certificates is reached with those of a folder', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'stowage-build-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'Dockerfile'), 'FROM scratch\n');
  const fake = await fakeDaemon('buildkitd', {
    control: () => ({ solve: () => ({}) }),
    tls: {
      key: await readFile(certificate('server.key')),
      cert: await readFile(certificate('server.pem')),
      ca: await readFile(certificate('ca.pem')),
      requestCert: true,
      rejectUnauthorized: true,
    },
  });
  onTestFinished(fake.close);
  const build = ['build', '--progress', 'quiet', '--address', fake.address];
  expect(await stowage([...build, folder])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('it may want TLS, with certificates'),
  });
  expect(await stowage([...build, '--tlsdir', folder, folder])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining(`there are no certificates in ${folder}`),
  });
  for (const [from, to] of [
    ['ca.pem', 'ca.pem'],
    ['client.pem', 'cert.pem'],
    ['client.key', 'key.pem'],
  ] as const)
    await copyFile(certificate(from), join(folder, to));
  expect(await stowage([...build, '--tlsdir', folder, folder])).toMatchObject({ code: 0 });
});
