import { displayName, tagOf } from '../../layout-index/index.ts';
import { printable, type Descriptor } from '../../oci/index.ts';
import { isRegistryError } from '../../registry/index.ts';
import { collectGarbage, singleLayout } from '../../store/layout/index.ts';
import { say, type Context } from '../context.ts';
import { describeFailure } from '../failure.ts';
import { isTrue, parseFields } from './fields.ts';

/**
 * Notes which caches those with `reset=true` are going to take the place of.
 * @param texts what `--cache-to` was given
 * @returns what is to be done when the new ones are there: it removes the old ones, and all that nothing in their layouts
 *   refers to. What fails is told of, and no failure of the build.
 * @see https://github.com/moby/buildkit/blob/master/README.md#local-directory-1
 */
export async function cachesToReset(
  context: Context,
  texts: readonly string[],
): Promise<() => Promise<void>> {
  const resets = await Promise.all(texts.map((text) => resetOf(context, text)));
  return async () => {
    for (const reset of resets) await reset?.();
  };
}

async function resetOf(context: Context, text: string): Promise<(() => Promise<void>) | undefined> {
  if (!text.includes('=')) return undefined;
  const { type, dest, reset, tag = 'latest' } = parseFields('cache-to', text);
  if (type !== 'local' || dest === undefined || !isTrue(reset)) return undefined;
  const options = { signal: context.signal };
  const layout = singleLayout(dest);
  let old: readonly Descriptor[] = [];
  await telling(context, text, async () => {
    old = (await layout.names.entries(options)).filter((entry) => tagOf(entry) === tag);
  });
  return () =>
    telling(context, text, async () => {
      const named = (await layout.names.entries(options)).filter((entry) => displayName(entry) !== undefined);
      const replaced = old.filter(({ digest }) => !named.some((entry) => entry.digest === digest));
      for (const { digest } of replaced) await layout.deleteManifest('layout', digest, options);
      await collectGarbage(dest, { ...options, grace: 0 });
    });
}

async function telling(context: Context, text: string, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (!isRegistryError(error)) throw error;
    say(context, `--cache-to ${printable(text)}: what was there stays: ${describeFailure(error)}`);
  }
}
