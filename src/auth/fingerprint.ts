import type { Json } from '../oci/index.ts';

/** A hash of what decides who somebody is: equal for equal parts, and nothing can be read from it. */
export async function fingerprintOf(parts: readonly Json[]): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(parts));
  return Buffer.from(await crypto.subtle.digest('SHA-256', bytes)).toString('hex');
}
