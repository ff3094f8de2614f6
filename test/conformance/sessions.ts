/**
 * The life of an upload session: its status, its end by a DELETE, and that it belongs to one repository and to one blob.
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-a-blob-in-chunks
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#cancel-a-blob-upload
 */
import { bodyIs, demand, refused, status } from './answer.ts';
import { group, type Case } from './case.ts';
import { contentOf, randomContent, word } from './content.ts';
import { type Registry } from './registry.ts';
import { accepted, alive, patch } from './uploads.ts';

const UNKNOWN = ['BLOB_UPLOAD_UNKNOWN'];

export function sessionCases(registry: Registry): Case[] {
  const { one, two } = registry;
  return group('upload sessions', {
    'each has a place of its own': async () => {
      const sessions = await Promise.all(Array.from({ length: 8 }, () => registry.open(one)));
      const answer = await registry.send('GET', sessions[0] ?? '');
      demand(
        new Set(sessions).size === sessions.length,
        answer,
        'sessions of different places',
        sessions.join(', '),
      );
    },
    'status: the bytes held, after each chunk': async () => {
      const { bytes, digest } = randomContent(3000);
      let session = await alive(registry, await registry.open(one), 0);
      for (const end of [1024, 2048, 3000]) {
        const start = end === 3000 ? 2048 : end - 1024;
        const headers = { 'Content-Range': `${start}-${end - 1}` };
        session = accepted(await patch(registry, session, bytes.subarray(start, end), headers), end);
        session = await alive(registry, session, end);
      }
      status(await registry.close(session, digest), 201);
    },
    'chunks without Content-Range are appended': async () => {
      const { bytes, digest } = randomContent(3000);
      let session = accepted(await patch(registry, await registry.open(one), bytes.subarray(0, 1500)), 1500);
      session = accepted(await patch(registry, session, bytes.subarray(1500, 2500)), 2500);
      status(await registry.close(session, digest, bytes.subarray(2500)), 201);
      bodyIs(status(await registry.blob('GET', one, digest), 200), bytes);
    },
    'two sessions do not mix': async () => {
      const [first, second] = [randomContent(1500), randomContent(1500)];
      let [a, b] = [await registry.open(one), await registry.open(one)];
      a = accepted(await patch(registry, a, first.bytes.subarray(0, 1024)), 1024);
      b = accepted(await patch(registry, b, second.bytes.subarray(0, 1200)), 1200);
      status(await registry.close(b, second.digest, second.bytes.subarray(1200)), 201);
      status(await registry.close(a, first.digest, first.bytes.subarray(1024)), 201);
    },
    'one blob by eight sessions at once': async () => {
      const { bytes, digest } = randomContent(5000);
      const sessions = await Promise.all(Array.from({ length: 8 }, () => registry.open(one)));
      for (const answer of await Promise.all(sessions.map((it) => registry.close(it, digest, bytes))))
        status(answer, 201);
      bodyIs(status(await registry.blob('GET', one, digest), 200), bytes);
    },
    'one chunk twice at once: taken once': async () => {
      const { bytes, digest } = randomContent(200_000);
      const session = await registry.open(one);
      const headers = { 'Content-Range': `0-${bytes.length - 1}` };
      const answers = await Promise.all([1, 2].map(() => patch(registry, session, bytes, headers)));
      for (const answer of answers) status(answer, 202, 409, 416);
      const taken = answers.filter((answer) => answer.status === 202);
      const statuses = answers.map((answer) => answer.status).join(' and ');
      demand(taken.length === 1, answers[0] ?? (await registry.tags(one)), 'one 202', statuses);
      status(await registry.close(await alive(registry, session, bytes.length), digest), 201);
    },
    'a blob that is there may be pushed again': async () => {
      const blob = randomContent(300);
      await registry.push(one, blob, blob);
    },
    'post cancel: 204, then 404': async () => {
      const session = await registry.open(one);
      status(await registry.send('DELETE', session), 204);
      await closed(registry, session);
    },
    'cancelled with chunks in it': async () => {
      const { bytes } = randomContent(1024);
      const session = accepted(await patch(registry, await registry.open(one), bytes), 1024);
      status(await registry.send('DELETE', session), 204);
      await closed(registry, session);
      refused(await registry.blob('GET', one, contentOf(bytes).digest), [404]);
    },
    'finished: 404': async () => {
      const { bytes, digest } = randomContent(1024);
      const session = await registry.open(one);
      status(await registry.close(session, digest, bytes), 201);
      await closed(registry, session);
      bodyIs(status(await registry.blob('GET', one, digest), 200), bytes);
    },
    'of another repository: 404, and unharmed': async () => {
      const { bytes, digest } = randomContent(2000);
      const session = accepted(
        await patch(registry, await registry.open(one), bytes.subarray(0, 1024)),
        1024,
      );
      await closed(registry, moved(session, one, two));
      const left = await alive(registry, session, 1024);
      status(await registry.close(left, digest, bytes.subarray(1024)), 201);
      refused(await registry.blob('GET', two, digest), [404]);
    },
    'of a repository that does not exist: 404': async () => {
      await closed(registry, moved(await registry.open(one), one, `${one}/${word()}`));
    },
    'never opened: 404': async () => {
      for (const id of ['2b0f0f5c-7a55-4d8e-9f27-0d3b4a1d9d11', 'x', '0'.repeat(500)]) {
        await closed(registry, `/v2/${one}/blobs/uploads/${id}`);
      }
    },
    'an id that leads elsewhere: refused': async () => {
      const ids = ['..%2f..%2fetc', '%2e%2e%2f', '..', '../x', '%00', '%2e', '__proto__', 'constructor'];
      for (const id of ids) {
        refused(await registry.send('GET', `/v2/${one}/blobs/uploads/${id}`), [400, 404, 405]);
        refused(
          await registry.send('PATCH', `/v2/${one}/blobs/uploads/${id}`, { body: Buffer.from('x') }),
          [400, 404, 405],
        );
      }
    },
  });
}

/** Nothing can be done with the session. */
async function closed(registry: Registry, session: string): Promise<void> {
  const { bytes, digest } = contentOf('late');
  refused(await registry.send('GET', session), [404], UNKNOWN);
  refused(await patch(registry, session, bytes), [404], UNKNOWN);
  refused(await registry.close(session, digest, bytes), [404], UNKNOWN);
  refused(await registry.send('DELETE', session), [404], UNKNOWN);
}

/** The place of the same session under another repository. */
function moved(session: string, from: string, to: string): string {
  const elsewhere = session.replace(`/v2/${from}/`, `/v2/${to}/`);
  if (elsewhere === session) throw new Error(`cannot tell the repository in the session's place ${session}`);
  return elsewhere;
}
