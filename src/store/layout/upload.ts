import {
  blobDescriptor,
  checkDigest,
  openable,
  suspendable,
  type ChunkOptions,
  type PlainUpload,
  type Registry,
  type Source,
} from '../../registry/index.ts';
import { removeQuietly } from './durable.ts';
import { onDisk } from './failure.ts';
import type { Repositories } from './repositories.ts';
import type { Repository } from './repository.ts';
import { append, createSession, finish, resumeSession, type Session } from './session.ts';

export function uploadOperations({ root, open }: Repositories): Pick<Registry, 'startUpload'> {
  return {
    startUpload: (name, { resume, offset, algorithm = 'sha256', signal } = {}) =>
      onDisk(root, async () => {
        signal?.throwIfAborted();
        const repository = open(name);
        await repository.prepare();
        const session =
          resume === undefined
            ? await createSession(repository, algorithm)
            : await resumeSession(repository, resume, { algorithm, waits: offset === undefined, signal });
        return suspendable(uploadOf(root, repository, session, signal), name);
      }),
  };
}

function uploadOf(
  root: string,
  repository: Repository,
  session: Session,
  life: AbortSignal | undefined,
): PlainUpload {
  const write = (chunk: Source, { offset, size, signal }: ChunkOptions = {}): Promise<void> => {
    const stream = (): AsyncIterable<Uint8Array> => abortable(openable(chunk).open(), [life, signal]);
    return append(repository, session, stream, {
      ...(offset !== undefined && { offset }),
      ...(size !== undefined && { size }),
    });
  };
  return {
    id: session.id,
    get offset() {
      return session.size;
    },
    minimumChunk: 0,
    write: (chunk, options) =>
      onDisk(root, async () => {
        checkSignals([life, options?.signal]);
        await write(chunk, options);
      }),
    commit: (digest, last) =>
      onDisk(root, async () => {
        checkSignals([life, last?.signal]);
        checkDigest(digest);
        if (last !== undefined) await write(last.chunk, last);
        const size = await finish(repository, session, digest, last?.signal ?? life);
        return blobDescriptor(digest, size);
      }),
    cancel: () => onDisk(root, () => removeQuietly(session.path)),
  };
}

function checkSignals(signals: readonly (AbortSignal | undefined)[]): void {
  for (const signal of signals) signal?.throwIfAborted();
}

async function* abortable(
  stream: AsyncIterable<Uint8Array>,
  signals: readonly (AbortSignal | undefined)[],
): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream) {
    checkSignals(signals);
    yield chunk;
  }
}
