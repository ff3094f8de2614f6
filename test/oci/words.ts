import { digestOf, Invalid, type Descriptor, type Digest } from '../../src/oci/index.ts';

/** Text as bytes. */
export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** The digest of something that is known by its name. */
export function named(name: string, algorithm: 'sha256' | 'sha512' = 'sha256'): Digest {
  return digestOf(bytes(name), algorithm);
}

/** A descriptor of something that is known by its name. */
export function described(name: string, more: Partial<Descriptor> = {}): Descriptor {
  return { mediaType: 'application/vnd.example', digest: named(name), size: name.length, ...more };
}

/** What malformed input is refused with; fails if it is taken, or if anything else is thrown. */
export function refusal(attempt: () => unknown): Invalid {
  let value: unknown;
  try {
    value = attempt();
  } catch (error) {
    if (error instanceof Invalid) return error;
    throw error;
  }
  throw new Error(`wanted a refusal, got ${JSON.stringify(value)}`);
}

/** How long something takes, in milliseconds, at its best of three: a machine may be busy with other things. */
export function milliseconds(run: () => unknown): number {
  const times = [1, 2, 3].map(() => {
    const start = performance.now();
    run();
    return performance.now() - start;
  });
  return Math.min(...times);
}
