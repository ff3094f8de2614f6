import { OWN_REPOSITORY } from '../../place/index.ts';
import { displayName } from '../../layout-index/index.ts';
import { isIndexType, isImageType, printable, type Descriptor } from '../../oci/index.ts';
import { print, say, type Context } from '../context.ts';
import { counted } from '../counted.ts';
import { tableOf } from '../report/table.ts';
import { formatSize } from '../size.ts';
import { measure, type Measured } from './measure.ts';
import { failIn, openLayout } from './words.ts';

type Listed = Measured & { readonly descriptor: Descriptor; readonly name: string | undefined };

/** `stowage layout ls DIR`: the images on standard output, how many there are on standard error. */
export async function list(
  this: Context,
  { json = false }: { readonly json?: boolean },
  directory: string,
): Promise<void> {
  try {
    const registry = await openLayout(directory);
    // Where there is no layout, that is told, and not that it has no images.
    for await (const _ of registry.tags(OWN_REPOSITORY, { signal: this.signal })) break;
    const images: Listed[] = [];
    for (const descriptor of await registry.names.entries({ signal: this.signal })) {
      const measured = await measure(registry, descriptor, { signal: this.signal });
      images.push({ descriptor, name: displayName(descriptor), ...measured });
    }
    if (json) return print(this, JSON.stringify({ directory, images: images.map(inJson) }));
    for (const line of table(images)) print(this, line);
    say(this, `${counted(images.length, 'entry', 'entries')} in ${printable(directory, 1000)}`);
  } catch (error) {
    failIn(this, directory, error);
  }
}

function inJson({ descriptor, name, platforms, size }: Listed): object {
  const { digest, mediaType, artifactType, annotations } = descriptor;
  return { name: name ?? null, digest, mediaType, artifactType, platforms, size, annotations };
}

/** Nothing at all of nothing. */
function table(images: readonly Listed[]): readonly string[] {
  if (images.length === 0) return [];
  const rows = images.map(({ descriptor, name, platforms, size }) => [
    printable(name ?? '-', 400),
    descriptor.digest,
    kindOf(descriptor),
    platforms.length === 0 ? '-' : printable(platforms.join(','), 200),
    formatSize(size),
  ]);
  return tableOf([['NAME', 'DIGEST', 'TYPE', 'PLATFORMS', 'SIZE'], ...rows], 4);
}

function kindOf({ mediaType, artifactType }: Descriptor): string {
  if (isIndexType(mediaType)) return 'index';
  return isImageType(mediaType) && artifactType === undefined
    ? 'image'
    : printable(artifactType ?? mediaType);
}
