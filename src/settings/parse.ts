import { canonicalHost, Invalid, parseJson } from '../oci/index.ts';
import { RegistryError } from '../registry/index.ts';
import type { RegistryEntry, SettingsFile } from './file.ts';

/** So many problems are told at once. */
const MOST_TOLD = 5;

/**
 * Reads the file of settings.
 * @param file for messages
 * @throws {RegistryError} `SETTINGS_INVALID`, with the file, and the place in it as a JSON pointer.
 */
export async function parseSettings(bytes: Uint8Array, file: string): Promise<SettingsFile> {
  const invalid = (why: string): RegistryError => new RegistryError('SETTINGS_INVALID', `${file}: ${why}`);
  let document;
  try {
    document = parseJson(bytes);
  } catch (error) {
    throw error instanceof Invalid ? invalid(error.message) : error;
  }
  // Loaded for who has a file: the library of schemas takes 15 ms.
  const { checkSettings } = await import('./schema.ts');
  const checked = checkSettings(document);
  const problems = isSettings(checked) ? contradictions(checked) : checked;
  if (isSettings(checked) && problems.length === 0) return checked;
  const told = problems
    .slice(0, MOST_TOLD)
    .map(({ pointer, message }) => `${pointer === '' ? 'the document' : pointer} ${message}`);
  const more = problems.length > MOST_TOLD ? ` (and ${problems.length - MOST_TOLD} more)` : '';
  throw invalid(told.join('; ') + more);
}

interface Problem {
  readonly pointer: string;
  readonly message: string;
}

function isSettings(checked: SettingsFile | readonly Problem[]): checked is SettingsFile {
  return !Array.isArray(checked);
}

/** What no schema can say. */
function contradictions({ registries = {} }: SettingsFile): readonly Problem[] {
  const seen = new Map<string, string>();
  return Object.entries(registries).flatMap(([key, entry]) => {
    const host = canonicalHost(key);
    const other = seen.get(host);
    seen.set(host, key);
    const twice = other === undefined ? [] : [`and "${other}" are the same registry`];
    return [...twice, ...contradictionsOf(key, entry)].map((message) => ({
      pointer: `/registries/${key}`,
      message,
    }));
  });
}

function contradictionsOf(key: string, { url, plainHttp }: RegistryEntry): readonly string[] {
  if (url === undefined) return [];
  if (key.startsWith('*.')) return ['has a "url", which cannot be that of several registries'];
  return plainHttp === undefined ? [] : ['has "plainHttp" beside a "url", which says it already'];
}
