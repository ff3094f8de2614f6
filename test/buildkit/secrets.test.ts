import { Code, createClient } from '@connectrpc/connect';
import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { secretService, type Secret } from '../../src/buildkit/index.ts';
import { Secrets } from '../../src/buildkit/proto/secrets_pb.ts';
import { checkSecrets } from '../../src/buildkit/secrets/read-secret.ts';
import { folder, text, wired } from './wired.ts';

async function get(secrets: readonly Secret[], id: string, environment = {}): Promise<string> {
  const client = createClient(Secrets, await wired(secretService(secrets, { environment })));
  return text((await client.getSecret({ id })).data);
}

describe('a step gets', () => {
  test('what a file has when it is asked for, or a variable, or the caller', async () => {
    const path = join(await folder(), 'key');
    await writeFile(path, 'early');
    const secrets: readonly Secret[] = [
      { id: 'file', source: { file: path } },
      { id: 'variable', source: { variable: 'TOKEN' } },
      { id: 'unset', source: { variable: 'NONE' } },
      { id: 'bytes', source: { bytes: Buffer.from('mine') } },
    ];
    await checkSecrets(secrets);
    await writeFile(path, 'late');
    expect(await get(secrets, 'file')).toBe('late');
    expect(await get(secrets, 'variable', { TOKEN: 's3cret' })).toBe('s3cret');
    expect(await get(secrets, 'unset')).toBe('');
    expect(await get(secrets, 'bytes')).toBe('mine');
  });

  test('nothing by another name, which is no failure for a step that can do without', async () => {
    await expect(get([], 'key')).rejects.toMatchObject({ code: Code.NotFound });
  });

  test('500 KiB and no more, told before the build where that is possible', async () => {
    const path = join(await folder(), 'large');
    await writeFile(path, '');
    await truncate(path, 500 * 1024);
    const secrets: readonly Secret[] = [{ id: 'large', source: { file: path } }];
    await checkSecrets(secrets);
    expect(await get(secrets, 'large')).toHaveLength(500 * 1024);
    await truncate(path, 500 * 1024 + 1);
    await expect(checkSecrets(secrets)).rejects.toThrow('secret large: it has more than 500 KiB');
    await expect(get(secrets, 'large')).rejects.toThrow('secret large: it has more than 500 KiB');
  });

  test('no file that is not there, and errors name the file and not what others have in them', async () => {
    const place = await folder();
    const missing: readonly Secret[] = [{ id: 'key', source: { file: join(place, 'none') } }];
    await expect(checkSecrets(missing)).rejects.toThrow(`secret key: ${place}/none is not there`);
    await expect(get(missing, 'key')).rejects.toThrow(`secret key: ${place}/none is not there`);
    await expect(checkSecrets([{ id: 'key', source: { file: place } }])).rejects.toThrow('is a folder');
  });
});
