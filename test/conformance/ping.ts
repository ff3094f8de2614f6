/**
 * The registry says that it is one.
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#determining-support
 */
import { status } from './answer.ts';
import { group, type Case } from './case.ts';
import type { Registry } from './registry.ts';

export function pingCases(registry: Registry): Case[] {
  return group('ping', {
    'GET /v2/': () => alive(registry),
  });
}

/** The registry still answers: cases with bad requests end with it. */
export async function alive(registry: Registry): Promise<void> {
  status(await registry.send('GET', '/v2/'), 200);
}
