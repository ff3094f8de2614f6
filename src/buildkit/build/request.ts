import type { BuildInputs } from './build-inputs.ts';
import type { BuildOptions } from './build-options.ts';
import type { SolveRequest } from '../daemon/daemon.ts';
import { frontendOf } from './frontend.ts';
import type { Exporter } from './output.ts';
import type { CacheEntry } from './prepare-caches.ts';

/** What a request is made of beside the options of the build. */
export interface RequestParts {
  /** Names the build. */
  readonly ref: string;
  /** Names the session. */
  readonly session: string;
  readonly inputs: Pick<BuildInputs, 'attrs'>;
  readonly exporters: readonly Exporter[];
  readonly imports: readonly CacheEntry[];
  readonly exports: readonly CacheEntry[];
}

/**
 * What the builder is asked for.
 * @throws {Invalid} subject `context`, as `frontendOf`.
 */
export function requestOf(
  options: BuildOptions,
  { ref, session, inputs, exporters, imports, exports }: RequestParts,
): SolveRequest {
  const frontend = frontendOf(options);
  const [first] = exporters;
  return {
    ref,
    session,
    frontend: frontend.name,
    frontendAttrs: {
      ...inputs.attrs,
      ...frontend.attrs,
      // The frontend hands them on to the parts of the build that it has the builder make.
      ...(imports.length > 0 && { 'cache-imports': cacheImports(imports) }),
    },
    entitlements: [...frontend.entitlements],
    cache: { imports: imports.map(copyOf), exports: exports.map(copyOf) },
    exporters: exporters.map(copyOf),
    // Builders before 0.13 know one exporter, here.
    ...(first !== undefined && { exporter: first.type, exporterAttrs: { ...first.attrs } }),
  };
}

/** With the names that Go's JSON gives these members. */
function cacheImports(imports: readonly CacheEntry[]): string {
  return JSON.stringify(imports.map(({ type, attrs }) => ({ Type: type, Attrs: attrs })));
}

function copyOf({ type, attrs }: Exporter | CacheEntry): { type: string; attrs: Record<string, string> } {
  return { type, attrs: { ...attrs } };
}
