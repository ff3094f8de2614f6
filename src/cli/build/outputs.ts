import type { Output, RegistryOutput } from '../../buildkit/index.ts';
import { formatReference, Invalid, parseDockerReference, printable } from '../../oci/index.ts';
import { isLocalReference, type Places } from '../../place/index.ts';
import { fromInvalid } from '../../registry/index.ts';
import type { Context } from '../context.ts';
import { writeBytes } from '../output.ts';
import { isTrue, parseFields, type Fields } from './fields.ts';
import { isPath } from '../path.ts';

/** What `--output` is told by other flags. */
export interface OutputFlags {
  readonly output?: readonly string[];
  readonly tag?: readonly string[];
  readonly push?: boolean;
}

/** Where what is built goes: the builder sends it into one registry, from which it is copied into others. */
export interface Outputs {
  readonly outputs: readonly Output[];
  readonly copies: readonly RegistryOutput[];
}

/**
 * Where what is built goes. Without `--output`, if there is a `--tag`: among the images of the builder; into the registries
 * of the tags with `--push`.
 *
 * `--output` takes what Docker's does: `type=…,dest=…`, a folder, or `-` for a tar on standard output. Beside that, places
 * to which this process writes by itself: references with a scheme (`oci-layout:`, `oci-archive:`, `docker-archive:`), and
 * those to a registry, as `type=registry,ref=REF`, `registry:REF`, or alone if they have a colon and are no path.
 * @throws {Invalid} subject `context`; {RegistryError} `REFERENCE_INVALID`.
 */
export function outputsOf(context: Context, places: Places, flags: OutputFlags): Outputs {
  const { output = [], tag = [], push = false } = flags;
  const names = tag.map(fullName);
  const open = (text: string): readonly Output[] => {
    if (isLocalReference(text)) return [registryOutput(places, text)];
    if (text.startsWith('registry:')) return [registryOutput(places, text.slice('registry:'.length))];
    if (text === '-') return [{ type: 'tar', to: toStandardOutput(context) }];
    if (text.includes('=')) return outputOf(context, places, text, names);
    if (text.includes(':') && !isPath(text)) return [registryOutput(places, text)];
    return [{ type: 'local', folder: text }];
  };
  const given = [...(push ? tag.map((name) => registryOutput(places, name)) : []), ...output.flatMap(open)];
  const all: readonly Output[] = given.length === 0 && names.length > 0 ? [{ type: 'image', names }] : given;
  const registries = mergeRegistries(all.filter((one) => one.type === 'registry'));
  return {
    outputs: [...all.filter((one) => one.type !== 'registry'), ...registries.slice(0, 1)],
    copies: registries.slice(1),
  };
}

/** Those that are one but for their tags, as one. */
export function mergeRegistries(outputs: readonly RegistryOutput[]): readonly RegistryOutput[] {
  const merged: RegistryOutput[] = [];
  for (const output of outputs) {
    const { registry, repository, tags = [] } = output;
    const same = merged.findIndex((one) => one.registry === registry && one.repository === repository);
    const known = merged[same];
    if (known === undefined) merged.push(output);
    else merged[same] = { ...known, tags: [...new Set([...(known.tags ?? []), ...tags])] };
  }
  return merged;
}

/** `type=oci,dest=out.tar`. */
function outputOf(
  context: Context,
  places: Places,
  text: string,
  names: readonly string[],
): readonly Output[] {
  const { type, dest, name, push, ref, ...attrs } = parseFields('output', text);
  const named = name === undefined ? names : name.split(',').map(fullName);
  const refuse = (why: string): never => {
    throw new Invalid('context', `--output ${printable(text, 200)}: ${why}`);
  };
  switch (type) {
    case 'registry': {
      const references = ref === undefined ? named : [ref];
      if (references.length === 0) return refuse('want ref=REF, or a --tag');
      return references.map((reference) => ({ ...registryOutput(places, reference), attrs }));
    }
    case 'image':
      return [{ type, names: named, attrs, ...(isTrue(push) && { push: true }) }];
    case 'local':
      if (dest === undefined || dest === '-') return refuse('want dest=FOLDER');
      return [{ type, folder: dest, attrs }];
    case 'docker':
      // Without a file, it is for the engine.
      if (dest === undefined) return [{ type: 'image', names: named, attrs }];
      return [{ type, names: named, attrs, to: destination(context, dest) }];
    case 'oci':
      if (dest === undefined) return refuse('want dest=FILE');
      if (attrs['tar'] === 'false') return intoLayout(places, dest, named, attrs);
      return [{ type, names: named, attrs, to: destination(context, dest) }];
    case 'tar':
      if (dest === undefined) return refuse('want dest=FILE');
      return [{ type, attrs, to: destination(context, dest) }];
    default:
      return refuse(
        type === undefined
          ? 'want type=image, oci, docker, tar, local or registry'
          : `there is no type ${printable(type)}; there are image, oci, docker, tar, local and registry`,
      );
  }
}

/** `type=oci,tar=false`: into the layout in a folder, by the names that it is given, else as `latest`. */
function intoLayout(
  places: Places,
  folder: string,
  names: readonly string[],
  attrs: Fields,
): readonly RegistryOutput[] {
  const images = names.length === 0 ? [':latest'] : names;
  return images.map((image) => ({ ...registryOutput(places, `oci-layout:${folder}::${image}`), attrs }));
}

/** What a reference means as an output. @throws {Invalid} subject `context`, if it has a digest. */
export function registryOutput(places: Places, reference: string): RegistryOutput {
  const { registry: opened, local, repository, tag, digest } = places.open(reference);
  if (digest !== undefined)
    throw new Invalid('context', `${printable(reference, 200)}: what is built has a digest of its own`);
  // What is there the registry itself is asked: what a cache remembers may be gone, and nobody keeps what the builder wrote,
  // so that it could be sent after all.
  const registry = local === undefined ? places.client(parseDockerReference(reference).host) : opened;
  return { type: 'registry', registry, repository, ...(tag !== undefined && { tags: [tag] }) };
}

/** A name as builders want it: in full, with a tag. @throws {RegistryError} `REFERENCE_INVALID`. */
function fullName(text: string): string {
  try {
    return formatReference(parseDockerReference(text));
  } catch (error) {
    throw fromInvalid(error, 'REFERENCE_INVALID', { reference: text });
  }
}

type Sink = (bytes: AsyncIterable<Uint8Array>) => Promise<void>;

/** @throws {Invalid} subject `context`, if that is a terminal, which a tar would leave in disorder. */
function toStandardOutput(context: Context): Sink {
  if (context.process.stdout.isTTY === true)
    throw new Invalid(
      'context',
      '--output: a tar is not for a terminal; send it into a file, or to a program',
    );
  return async (bytes) => {
    for await (const chunk of bytes) await writeBytes(context, chunk);
  };
}

function destination(context: Context, path: string): string | Sink {
  return path === '-' ? toStandardOutput(context) : path;
}
