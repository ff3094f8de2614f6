import { mediaTypes, parseDigest } from '../../oci/index.ts';
import { isNotFound } from '../error.ts';
import { cases, type ContractCase } from './case.ts';
import { absent, bytes, describe, noise, pushBlob } from './content.ts';
import { code, read, refused, same } from './expect.ts';

const CHUNK = 64 * 1024;

export const blobCases: readonly ContractCase[] = cases('blobs', {
  'what is pushed is read back': async (registry) => {
    for (const size of [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 7]) {
      const content = noise(size, size);
      const pushed = await registry.pushBlob('a/b', describe(content), content);
      same([pushed.digest, pushed.size], [describe(content).digest, size], 'descriptor of the push');
      const got = await registry.getBlob('a/b', pushed.digest);
      same(got.descriptor, { mediaType: mediaTypes.octetStream, digest: pushed.digest, size }, 'descriptor');
      same(await read(got), content, `${size} bytes`);
      same(await registry.resolveBlob('a/b', pushed.digest), got.descriptor, 'resolved');
    }
  },
  sha512: async (registry) => {
    const content = bytes('longer is not always better');
    const descriptor = describe(content, undefined, 'sha512');
    await registry.pushBlob('a/b', descriptor, content);
    same(await read(await registry.getBlob('a/b', descriptor.digest)), content, 'bytes');
  },
  'every kind of source': async (registry) => {
    const content = noise(1, 5000);
    const stream = async function* (): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < content.length; at += 999) yield content.subarray(at, at + 999);
    };
    const sources = {
      bytes: content,
      blob: new Blob([content]),
      iterable: stream(),
      function: stream,
      promise: async () => content,
    };
    for (const [kind, source] of Object.entries(sources)) {
      const repository = `from/${kind}`;
      await registry.pushBlob(repository, describe(content), source);
      same(await read(await registry.getBlob(repository, describe(content).digest)), content, kind);
    }
  },
  'a range of a blob': async (registry) => {
    const content = noise(2, 2048);
    const { digest } = await pushBlob(registry, 'a/b', content);
    for (const [start, end] of [
      [500, 1500],
      [500, undefined],
      [0, 1],
      [2047, 2048],
      [2000, 5000],
      [0, 2048],
    ] as const) {
      const part = await registry.getBlob('a/b', digest, {
        range: { start, ...(end !== undefined && { end }) },
      });
      same(part.range, { start, end: Math.min(end ?? 2048, 2048) }, 'range');
      same(part.descriptor.size, 2048, 'the descriptor is of the whole');
      same(await read(part), content.subarray(start, end), `${start}-${end}`);
    }
    await refused(
      registry.getBlob('a/b', digest, { range: { start: 2048 } }),
      code('RANGE_INVALID'),
      'a start past the end',
    );
  },
  'content that is not read can be let go': async (registry) => {
    const { digest } = await pushBlob(registry, 'a/b', noise(3, 300_000));
    await (await registry.getBlob('a/b', digest)).cancel();
    for await (const _ of await registry.getBlob('a/b', digest)) break;
    same((await (await registry.getBlob('a/b', digest)).bytes()).length, 300_000, 'bytes after that');
  },
  'bytes that are not what was promised are refused': async (registry) => {
    const content = bytes('what was promised');
    const promised = describe(content);
    await refused(
      registry.pushBlob('a/b', promised, bytes('something quite ot')),
      code('SIZE_INVALID', 'DIGEST_INVALID'),
      'longer',
    );
    await refused(
      registry.pushBlob('a/b', promised, bytes('short')),
      code('SIZE_INVALID', 'DIGEST_INVALID'),
      'shorter',
    );
    await refused(
      registry.pushBlob('a/b', promised, bytes('what was promisef')),
      code('DIGEST_INVALID'),
      'other bytes',
    );
    await refused(registry.resolveBlob('a/b', promised.digest), isNotFound, 'nothing is kept');
  },
  'what is not there is not found': async (registry) => {
    await pushBlob(registry, 'a/b', bytes('something'));
    for (const repository of ['a/b', 'no/such/repository']) {
      await refused(registry.getBlob(repository, absent), isNotFound, 'get');
      await refused(registry.resolveBlob(repository, absent), isNotFound, 'resolve');
      await refused(registry.deleteBlob(repository, absent), isNotFound, 'delete');
    }
  },
  'one repository does not see what is in another': async (registry) => {
    const { digest } = await pushBlob(registry, 'mine/secret', bytes('a secret'));
    await pushBlob(registry, 'yours', bytes('something else'));
    await refused(registry.getBlob('yours', digest), isNotFound, 'get');
    await refused(registry.resolveBlob('yours', digest), isNotFound, 'resolve');
  },
  'a mount makes it be there': async (registry) => {
    const { digest } = await pushBlob(registry, 'from/here', bytes('a shared layer'));
    same(await registry.mountBlob('to/there', digest, 'from/here'), true, 'mounted');
    same(await (await registry.getBlob('to/there', digest)).text(), 'a shared layer', 'bytes');
    same(await registry.mountBlob('to/there', absent, 'from/here'), false, 'a blob that is not there');
    same(
      await registry.mountBlob('to/there', digest, 'no/such'),
      false,
      'from a repository that is not there',
    );
  },
  'a push that can be mounted does not open its source': async (registry) => {
    const descriptor = await pushBlob(registry, 'from/here', bytes('a shared layer'));
    let opened = 0;
    const source = (): Uint8Array => (opened++, bytes('a shared layer'));
    await registry.pushBlob('to/there', descriptor, source, { mountFrom: 'from/here' });
    same(opened, 0, 'times the source was opened');
    await registry.pushBlob('elsewhere', descriptor, source, { mountFrom: 'no/such/repository' });
    same(opened, 1, 'times the source was opened, where there is nothing to mount');
    same(await (await registry.getBlob('elsewhere', descriptor.digest)).text(), 'a shared layer', 'bytes');
  },
  'a deleted blob is gone, here alone': async (registry) => {
    const { digest } = await pushBlob(registry, 'here', bytes('shared'));
    await registry.mountBlob('there', digest, 'here');
    await registry.deleteBlob('here', digest);
    await refused(registry.resolveBlob('here', digest), isNotFound, 'here');
    await refused(registry.deleteBlob('here', digest), isNotFound, 'deleted again');
    same(await (await registry.getBlob('there', digest)).text(), 'shared', 'there');
  },
  'malformed names are refused': async (registry) => {
    const digest = describe(bytes('x')).digest;
    for (const name of ['', 'UPPER', 'a//b', '../x', 'a/./b', 'a_/b', 'x'.repeat(256), 'a/b\n', 'a?b']) {
      await refused(
        registry.resolveBlob(name, digest),
        code('NAME_INVALID'),
        `repository ${JSON.stringify(name.slice(0, 20))}`,
      );
      await refused(registry.pushBlob(name, describe(bytes('x')), bytes('x')), code('NAME_INVALID'), 'push');
    }
    for (const name of ['sha256:abc', 'sha256:../../../etc/passwd', 'nothing', `sha256:${'A'.repeat(64)}`]) {
      await refused(registry.resolveBlob('a/b', name as typeof digest), code('DIGEST_INVALID'), name);
    }
    await refused(
      registry.resolveBlob('a/b', parseDigest('md5:d41d8cd98f00b204e9800998ecf8427e')),
      (error) => isNotFound(error) || error.code === 'DIGEST_INVALID',
      'md5',
    );
  },
  'odd names of repositories': async (registry) => {
    for (const name of [
      'x',
      'x/blobs',
      'x/index.json',
      'x/oci-layout',
      'x/blobs/sha256',
      'x/manifests/tags',
      'x/blobs/uploads',
      'index.json',
      'blobs',
      'con/nul',
      'a/b-c/d__e/f.g',
    ]) {
      const { digest } = await pushBlob(registry, name, bytes(name));
      same(await (await registry.getBlob(name, digest)).text(), name, name);
    }
  },
  'an abort ends it': async (registry) => {
    const { digest } = await pushBlob(registry, 'a/b', bytes('x'));
    const signal = AbortSignal.abort(new Error('enough'));
    for (const attempt of [
      () => registry.getBlob('a/b', digest, { signal }),
      () => registry.pushBlob('a/b', describe(bytes('y')), bytes('y'), { signal }),
    ]) {
      const reason = await attempt().then(
        () => 'no error',
        (error: Error) => error.message,
      );
      same(reason, 'enough', 'the reason');
    }
  },
});
