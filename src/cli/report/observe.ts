import type { PlaceEvent } from '../../place/index.ts';
import { loadSettings, type Settings } from '../../settings/index.ts';
import { say, type Context } from '../context.ts';
import type { RegistryFlags } from '../flags.ts';
import { notices } from './notices.ts';
import { statistics } from './statistics.ts';
import { traceLine } from './trace.ts';

/** What is told of what happens while a command runs. */
export interface Observer {
  onEvent(event: PlaceEvent): void;
  /** Tells the sums, if they are wanted. */
  end(): void;
}

/** Tells what happens, as far as the flags ask for it. */
export function observe(context: Context, flags: Pick<RegistryFlags, 'stats' | 'trace'>): Observer {
  const sums = statistics();
  const tell = (line: string): void => say(context, line);
  const notice = notices(tell);
  return {
    onEvent(event) {
      sums.add(event);
      if (flags.trace) tell(traceLine(event));
      else notice(event);
    },
    end() {
      if (flags.stats) tell(sums.summary());
    },
  };
}

/** What is set for registries: in the file that a flag names, or where it is looked for. */
export function settingsFor(
  { process: { env: environment } }: Context,
  { registryConfig: file }: Pick<RegistryFlags, 'registryConfig'>,
): Promise<Settings> {
  return loadSettings({ environment, ...(file !== undefined && { file }) });
}
