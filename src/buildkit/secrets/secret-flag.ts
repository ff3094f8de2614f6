import { printable } from '../../oci/index.ts';
import { RegistryError } from '../../registry/index.ts';
import { csvFields } from './csv-fields.ts';

/** Where a secret comes from. */
export type SecretSource =
  | { readonly file: string }
  /** The name of a variable of the environment. */
  | { readonly variable: string }
  | { readonly bytes: Uint8Array };

/** A secret by the name that `RUN --mount=type=secret,id=…` has for it. */
export interface Secret {
  readonly id: string;
  readonly source: SecretSource;
}

/**
 * Reads a secret as Docker's command line takes it: `id=NAME[,src=FILE|,env=VARIABLE][,type=file|env]`. With the name
 * alone it is the variable of that name, or else the file.
 * @throws {RegistryError} `SETTINGS_INVALID`
 * @see https://docs.docker.com/reference/cli/docker/buildx/build/#secret
 */
export function parseSecretFlag(
  text: string,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Secret {
  const values = new Map<string, string>();
  for (const field of csvFields(text)) {
    const equals = field.indexOf('=');
    const name = field.slice(0, equals).toLowerCase();
    const key = name === 'source' ? 'src' : name;
    if (equals < 0 || !['id', 'src', 'env', 'type'].includes(key))
      throw invalid(text, `want id=, src=, env= or type=, not "${printable(field, 100)}"`);
    values.set(key, field.slice(equals + 1));
  }
  const type = values.get('type') ?? '';
  if (!['', 'file', 'env'].includes(type)) throw invalid(text, 'the type is file or env');
  const id = values.get('id') ?? '';
  if (id === '') throw invalid(text, 'it has no id=');
  const source = values.get('src') ?? '';
  const variable = values.get('env') ?? (type === 'env' ? source : '');
  if (variable !== '') return { id, source: { variable } };
  if (source !== '') return { id, source: { file: source } };
  return { id, source: environment[id] === undefined ? { file: id } : { variable: id } };
}

function invalid(text: string, why: string): RegistryError {
  return new RegistryError('SETTINGS_INVALID', `not a secret: "${printable(text, 200)}": ${why}`);
}
