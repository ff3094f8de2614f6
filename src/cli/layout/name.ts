import { printable } from '../../oci/index.ts';
import { print, say, type Context } from '../context.ts';
import { counted } from '../counted.ts';
import { exitCodes } from '../exit-code.ts';
import { find } from './resolve.ts';
import { failIn, nameOnly, openLayout, queryOf } from './words.ts';

/** `stowage layout tag DIR NAME NEWNAME…`: the digest that is named on standard output. */
export async function tag(
  this: Context,
  _flags: object,
  directory: string,
  name: string,
  ...newNames: readonly string[]
): Promise<void> {
  try {
    const given = newNames.map(nameOnly);
    const registry = await openLayout(directory);
    const options = { signal: this.signal };
    const { digest } = await find(registry, queryOf(name), options);
    await registry.names.name(digest, given, options);
    print(this, digest);
  } catch (error) {
    failIn(this, directory, error);
  }
}

/** `stowage layout untag DIR NAME…`. */
export async function untag(
  this: Context,
  _flags: object,
  directory: string,
  ...names: readonly string[]
): Promise<void> {
  try {
    const given = names.map((name) => ({ name, image: nameOnly(name) }));
    const registry = await openLayout(directory);
    const options = { signal: this.signal };
    const lacking: string[] = [];
    for (const { name, image } of given)
      if ((await registry.names.unname([image], options)) === 0) lacking.push(name);
    const gone = names.length - lacking.length;
    if (gone > 0) say(this, `took away ${counted(gone, 'name')}`);
    for (const name of lacking)
      say(this, `stowage: nothing is called ${printable(name, 300)} in ${printable(directory, 1000)}`);
    if (lacking.length > 0) this.process.exitCode = gone === 0 ? exitCodes.notFound : exitCodes.partlyDone;
  } catch (error) {
    failIn(this, directory, error);
  }
}
