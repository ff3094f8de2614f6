import { join } from 'node:path';
import { annotations, Invalid, printable, type Descriptor } from '../../oci/index.ts';
import { checkVersion, INDEX_LIMIT, parseIndex, VERSION_LIMIT } from '../../layout-index/index.ts';
import type { Finding } from './finding.ts';
import { readRegular } from './look.ts';

/** What is wrong with one of the files of a layout itself. */
export type FileFault = Pick<Finding, 'kind' | 'severity' | 'message' | 'file' | 'path'>;

/** What `index.json` and `oci-layout` say, as far as they can be read, and what is wrong with them. */
export interface LayoutFiles {
  /** Undefined where `index.json` cannot be read. */
  readonly entries: readonly Descriptor[] | undefined;
  readonly faults: readonly FileFault[];
}

/** Reads the two files of a layout each by itself, whatever is wrong with the other. */
export async function readLayoutFiles(layout: string): Promise<LayoutFiles> {
  const version = await parsed(layout, 'oci-layout', VERSION_LIMIT, checkVersion);
  const index = await parsed(layout, 'index.json', INDEX_LIMIT, parseIndex);
  const faults = [version, index].flatMap((outcome) => ('fault' in outcome ? [outcome.fault] : []));
  if ('fault' in index) return { entries: undefined, faults };
  const { entries } = index.value;
  return { entries, faults: [...faults, ...ambiguous(entries)] };
}

async function parsed<T>(
  layout: string,
  file: string,
  limit: number,
  parse: (bytes: Uint8Array) => T,
): Promise<{ readonly value: T } | { readonly fault: FileFault }> {
  const fault = (kind: FileFault['kind'], message: string, pointer = ''): { readonly fault: FileFault } => ({
    fault: { kind, severity: 'error', message, file, path: [`${file}${pointer}`] },
  });
  const found = await readRegular(join(layout, file), limit);
  if (found === undefined) return fault('missing', 'it is missing');
  if (typeof found === 'string') return fault('malformed', found);
  try {
    return { value: parse(found.bytes) };
  } catch (error) {
    if (error instanceof Invalid) return fault('malformed', error.message);
    throw error;
  }
}

/** An entry, and which one it is. */
interface Positioned {
  readonly at: number;
  readonly entry: Descriptor;
}

/**
 * Names that stand at more than one manifest. Tools differ in which they take: the first, the last, none. Where full names
 * tell them apart, as BuildKit writes one tag of two repositories, it is a warning.
 */
function ambiguous(entries: readonly Descriptor[]): readonly FileFault[] {
  const faults: FileFault[] = [];
  for (const annotation of [annotations.imageName, annotations.refName]) {
    const byName = new Map<string, Positioned[]>();
    for (const [at, entry] of entries.entries()) {
      const name = entry.annotations?.[annotation];
      if (name === undefined) continue;
      const named = byName.get(name);
      if (named === undefined) byName.set(name, [{ at, entry }]);
      else named.push({ at, entry });
    }
    for (const [name, named] of byName) {
      const digests = new Set(named.map(({ entry }) => entry.digest));
      if (digests.size < 2) continue;
      const full = new Set(named.map(({ entry }) => entry.annotations?.[annotations.imageName]));
      const toldApart =
        annotation === annotations.refName && full.size === named.length && !full.has(undefined);
      faults.push({
        kind: 'ambiguous',
        severity: toldApart ? 'warning' : 'error',
        message: `"${printable(name, 200)}" stands at ${digests.size} manifests: ${[...digests].slice(0, 3).join(', ')}`,
        file: 'index.json',
        path: named.map(({ at }) => `index.json/manifests/${at}`),
      });
    }
  }
  return faults;
}
