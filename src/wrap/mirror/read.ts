import {
  contentOf,
  contentOfBytes,
  isVerificationFailure,
  type ByteRange,
  type Content,
  type Operation,
  type Registry,
} from '../../registry/index.ts';
import type { Station } from './route.ts';

type GetBlob = Extract<Operation, { name: 'getBlob' }>;
type GetManifest = Extract<Operation, { name: 'getManifest' }>;

/** Blobs up to this size, in bytes, are passed on when all of them is there and right: configs, above all. */
const HELD = 1024 * 1024;

/** The answer of the first one that has one. Takes those who were asked off the list. */
export async function askInTurn<T>(stations: Station[], ask: (registry: Registry) => Promise<T>): Promise<T> {
  return (await firstAnswer(stations, (station) => ask(station.registry))).answer;
}

async function firstAnswer<T>(
  stations: Station[],
  ask: (station: Station) => Promise<T>,
): Promise<{ readonly answer: T; readonly station: Station }> {
  for (;;) {
    // The last one throws what it fails with, so that the list never ends here.
    const station = stations.shift() as Station;
    try {
      const answer = await ask(station);
      station.served();
      return { answer, station };
    } catch (error) {
      station.failed(error);
    }
  }
}

/** Manifests are read before they are passed on, so that a wrong one is never seen. */
export async function readManifest(
  { repository, reference, options }: GetManifest,
  stations: Station[],
): Promise<Content> {
  const { answer } = await firstAnswer(stations, async ({ registry, last }) => {
    const content = await registry.getManifest(repository, reference, options);
    // After the last one there is nobody to ask instead.
    if (last) return content;
    return contentOfBytes(await content.bytes(), { descriptor: content.descriptor, verified: true });
  });
  return answer;
}

/** Blobs are passed on while they come; where a mirror breaks off, the next one goes on. */
export async function readBlob(
  { repository, digest, options }: GetBlob,
  stations: Station[],
): Promise<Content> {
  const ask = (range: ByteRange | undefined): ReturnType<typeof firstAnswer<Content>> =>
    firstAnswer(stations, async ({ registry, last }) => {
      const content = await registry.getBlob(
        repository,
        digest,
        range === undefined ? options : { ...options, range },
      );
      // What is small is read here, so that a wrong answer is never seen, nor the size that it claims.
      if (last || content.range !== undefined || content.descriptor.size > HELD) return content;
      return contentOfBytes(await content.bytes(HELD), { descriptor: content.descriptor, verified: true });
    });
  const first = await ask(undefined);
  const { descriptor, range } = first.answer;
  if (first.station.last) return first.answer;

  let current = first.answer;
  const { start, end } = range ?? { start: 0, end: descriptor.size };
  // The parts of several are verified as a whole by the content that is made of them.
  const stream = async function* (): AsyncGenerator<Uint8Array> {
    let { station } = first;
    for (let at = start; ;) {
      try {
        if (at === start && end - start <= HELD) {
          yield await current.bytes(HELD);
          return;
        }
        for await (const chunk of current) {
          at += chunk.length;
          yield chunk;
        }
        return;
      } catch (error) {
        station.failed(error);
        // What was passed on already was wrong, or all of it was passed on.
        if (at > start && (isVerificationFailure(error) || at >= end)) throw error;
        const next = await ask(at === start ? options.range : { start: at, end });
        ({ answer: current, station } = next);
      }
    }
  };
  return contentOf(stream(), {
    descriptor,
    ...(range !== undefined && { range }),
    release: () => current.cancel(),
  });
}
