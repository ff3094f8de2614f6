import type { Secret } from '../../buildkit/index.ts';
import { Invalid, printable } from '../../oci/index.ts';
import type { Context } from '../context.ts';
import { parseFields } from './fields.ts';

/**
 * Reads a secret as Docker's command line takes it: `id=NAME[,src=FILE|,env=VARIABLE][,type=file|env]`. With the name
 * alone it is the variable of that name, or else the file.
 * @throws {Invalid} subject `context`.
 * @see https://docs.docker.com/reference/cli/docker/buildx/build/#secret
 */
export function secretOf({ process: { env } }: Context, text: string): Secret {
  const refuse = (why: string): never => {
    throw new Invalid('context', `--secret ${printable(text, 200)}: ${why}`);
  };
  const { id = '', type = '', src, source: longer, env: named = '', ...rest } = parseFields('secret', text);
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) return refuse(`want id=, src=, env= or type=, not ${printable(unknown)}=`);
  if (!['', 'file', 'env'].includes(type)) return refuse('the type is file or env');
  if (id === '') return refuse('it has no id=');
  const source = src ?? longer ?? '';
  const variable = named === '' && type === 'env' ? source : named;
  if (variable !== '') return { id, source: { variable } };
  if (source !== '') return { id, source: { file: source } };
  return { id, source: env[id] === undefined ? { file: id } : { variable: id } };
}
