import { displayName } from '../../layout-index/index.ts';
import { printable } from '../../oci/index.ts';
import { collectGarbage, type Amount, type CollectEvent } from '../../store/layout/index.ts';
import { print, say, type Context } from '../context.ts';
import { counted } from '../counted.ts';
import { formatSize } from '../size.ts';
import { checkFolder, failIn } from './words.ts';

export interface CollectFlags {
  /** In milliseconds. */
  readonly grace: number;
  readonly untagged?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** `stowage layout gc DIR`: what goes on standard output, a line each; the sums on standard error. */
export async function collect(
  this: Context,
  { grace, untagged = false, dryRun = false, json = false }: CollectFlags,
  directory: string,
): Promise<void> {
  try {
    await checkFolder(directory);
    const { kept, young, removed, leftovers, entries } = await collectGarbage(directory, {
      grace,
      unnamed: untagged,
      dryRun,
      signal: this.signal,
      onEvent: (event) => print(this, json ? JSON.stringify(event) : lineOf(event)),
    });
    const verb = dryRun ? 'would remove' : 'removed';
    const dropped = untagged ? `${counted(entries, 'entry', 'entries')}, ` : '';
    say(
      this,
      `${verb} ${dropped}${told(removed, 'blob')}, ${told(leftovers, 'leftover')}; kept ${told(kept, 'blob')}` +
        (young.count === 0 ? '' : `, and ${told(young, 'blob')} for being new`),
    );
  } catch (error) {
    failIn(this, directory, error);
  }
}

/** `sha256:…`, and what else there is to say of it. */
function lineOf(event: CollectEvent): string {
  if (event.type === 'blob') return event.digest;
  if (event.type === 'leftover') return printable(event.path, 400);
  const { descriptor } = event;
  return `${displayName(descriptor) ?? 'entry'} ${descriptor.digest}`;
}

function told({ count, size }: Amount, what: string): string {
  return count === 0 ? `no ${what}s` : `${counted(count, what)} (${formatSize(size)})`;
}
