import type { ListedBuild } from '../../builds/index.ts';
import { printable } from '../../oci/index.ts';
import { say, type Context } from '../context.ts';

/** Sees whether there are builds of the architecture that a command is about. */
export interface ArchCheck {
  /** Looks at builds as they go by. */
  watch(builds: AsyncIterable<ListedBuild>): AsyncGenerator<ListedBuild>;
  /** Tells if there was none: the architecture may be mistyped. */
  tell(file: string): void;
}

/** @param arch undefined for commands about all of them */
export function createArchCheck(context: Context, arch: string | undefined): ArchCheck {
  const seen = new Set<string>();
  return {
    async *watch(builds) {
      for await (const build of builds) {
        seen.add(build.arch);
        yield build;
      }
    },
    tell(file) {
      if (arch === undefined || seen.has(arch)) return;
      const others = [...seen].sort().map((other) => printable(other));
      const there = others.length === 0 ? '' : `, only for ${others.join(', ')}`;
      say(context, `${file} has no build for ${printable(arch)}${there}`);
    },
  };
}
