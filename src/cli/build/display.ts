import {
  plainDisplay,
  rawJsonDisplay,
  REFRESH,
  terminalDisplay,
  type Display,
  type StatusUpdate,
} from '../../buildkit/index.ts';
import { Invalid } from '../../oci/index.ts';
import { systemClock, type Clock } from '../../transport/index.ts';
import { stand, type Context } from '../context.ts';

/** How what goes on is shown. */
export type ProgressKind = 'auto' | 'plain' | 'tty' | 'rawjson' | 'quiet';

/** A display that keeps itself up to date. */
export interface LiveDisplay {
  update(update: StatusUpdate): void;
  /** To be called however the build ends, before anything else is told. */
  end(): void;
}

/** Shows a build on standard error. @throws {Invalid} subject `context`, for `tty` where there is none. */
export function showBuild(
  context: Context,
  kind: ProgressKind,
  { clock = systemClock }: { readonly clock?: Clock } = {},
): LiveDisplay {
  const display = displayOf(context, kind);
  if (display === undefined) return { update: () => {}, end: () => {} };
  const { clear } = display;
  if (clear !== undefined) stand(context, { clear, draw: display.refresh });
  const ending = new AbortController();
  const keepFresh = async (): Promise<void> => {
    for (;;) {
      await clock.sleep(REFRESH, ending.signal);
      display.refresh();
    }
  };
  keepFresh().catch(() => {
    // It was ended.
  });
  return {
    update: display.update,
    end() {
      if (ending.signal.aborted) return;
      ending.abort();
      stand(context, undefined);
      display.end();
    },
  };
}

function displayOf({ process: { stderr, env } }: Context, kind: ProgressKind): Display | undefined {
  const write = (text: string): void => stderr.write(text);
  const isTerminal = stderr.isTTY === true && env['TERM'] !== 'dumb';
  if (kind === 'tty' && !isTerminal)
    throw new Invalid('context', '--progress tty: standard error is not a terminal');
  if (kind === 'quiet') return undefined;
  if (kind === 'rawjson') return rawJsonDisplay({ write });
  if (kind === 'plain' || !isTerminal) return plainDisplay({ write });
  return terminalDisplay({
    write,
    color: !env['NO_COLOR'],
    size: () => ({ columns: stderr.columns ?? 0, rows: stderr.rows ?? 0 }),
  });
}
