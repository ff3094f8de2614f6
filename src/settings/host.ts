import { canonicalHost } from '../oci/index.ts';

/** What is set for a host: under its own name, or else under the longest `*.domain` (with the same port) above it. */
export function entryFor<T>(entries: ReadonlyMap<string, T>, host: string): T | undefined {
  const name = canonicalHost(host);
  const own = entries.get(name);
  if (own !== undefined) return own;
  for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
    const entry = entries.get(`*${name.slice(dot)}`);
    if (entry !== undefined) return entry;
  }
  return undefined;
}
