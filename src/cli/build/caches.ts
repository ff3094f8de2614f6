import type { BuilderCache, CacheSource, CacheTarget } from '../../buildkit/index.ts';
import { Invalid, printable } from '../../oci/index.ts';
import type { Places } from '../../place/index.ts';
import { isRegistryError } from '../../registry/index.ts';
import { say, type Context } from '../context.ts';
import { describeFailure } from '../failure.ts';
import { parseFields } from './fields.ts';

/**
 * Where caches of steps are read from: `type=local,src=DIR` by this process, all others by the builder, a reference alone
 * from a registry. A local one that is not there is told of, and left out.
 * @throws {Invalid} subject `context`.
 */
export async function cacheImportsOf(
  context: Context,
  places: Places,
  texts: readonly string[],
): Promise<readonly (BuilderCache | CacheSource)[]> {
  const found = await Promise.all(texts.map((text) => importOf(context, places, text)));
  return found.filter((cache) => cache !== undefined);
}

async function importOf(
  context: Context,
  places: Places,
  text: string,
): Promise<BuilderCache | CacheSource | undefined> {
  if (!text.includes('=')) return { type: 'registry', attrs: { ref: text } };
  const { type, ...attrs } = parseFields('cache-from', text);
  if (type !== 'local') return { type: type ?? missingType('cache-from', text), attrs };
  const { src, digest, tag = 'latest' } = attrs;
  if (src === undefined) throw new Invalid('context', `--cache-from ${printable(text)}: want src=FOLDER`);
  if (tag === '' && digest === undefined)
    throw new Invalid('context', `--cache-from ${printable(text)}: want a tag, or digest=DIGEST`);
  const { registry, repository, reference } = places.open(
    digest === undefined ? `oci-layout:${src}:::${tag}` : `oci-layout:${src}::@${digest}`,
  );
  try {
    const found = await registry.resolveManifest(repository, reference, { signal: context.signal });
    return { source: { registry, repository, digest: found.digest } };
  } catch (error) {
    if (!isRegistryError(error)) throw error;
    say(context, `--cache-from ${printable(text)} is left out: ${describeFailure(error)}`);
    return undefined;
  }
}

/**
 * Where the cache of steps is kept: `type=local,dest=DIR` by this process, in the layout there; all others by the builder.
 * @throws {Invalid} subject `context`.
 */
export function cacheExportsOf(
  places: Places,
  texts: readonly string[],
): readonly (BuilderCache | CacheTarget)[] {
  return texts.map((text) => {
    if (!text.includes('=')) return { type: text === 'inline' ? text : missingType('cache-to', text) };
    const { type, ...fields } = parseFields('cache-to', text);
    if (type !== 'local') return { type: type ?? missingType('cache-to', text), attrs: fields };
    // `reset` is for this process: see `cachesToReset`.
    const { dest, tag = 'latest', reset: _, ...attrs } = fields;
    if (dest === undefined) throw new Invalid('context', `--cache-to ${printable(text)}: want dest=FOLDER`);
    const { registry, repository } = places.open(`oci-layout:${dest}:::${tag}`);
    return { target: { registry, repository, tag }, attrs };
  });
}

function missingType(flag: string, text: string): never {
  throw new Invalid(
    'context',
    `--${flag} ${printable(text)}: want type=local, registry, inline, gha, s3 or azblob`,
  );
}
