import { printable } from '../../oci/index.ts';
import { print, say, type Context } from '../context.ts';
import { counted } from '../counted.ts';
import { exitCodes } from '../exit-code.ts';
import { find } from './resolve.ts';
import { failIn, nameOf, newNameOf, openLayout, queryOf } from './words.ts';

/** `stowage layout tag DIR NAME NEWNAME…`: the digest that is named on standard output. */
export async function tag(
  this: Context,
  _flags: object,
  directory: string,
  name: string,
  ...newNames: readonly string[]
): Promise<void> {
  try {
    const given = newNames.map(newNameOf);
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
    const registry = await openLayout(directory);
    const options = { signal: this.signal };
    const gone: string[] = [];
    for (const name of names) if ((await registry.names.unname([nameOf(name)], options)) > 0) gone.push(name);
    say(this, `took away ${counted(gone.length, 'name')}`);
    const lacking = names.filter((name) => !gone.includes(name));
    for (const name of lacking) say(this, `stowage: nothing is called ${printable(name, 300)} there`);
    if (lacking.length > 0)
      this.process.exitCode = gone.length === 0 ? exitCodes.notFound : exitCodes.partlyDone;
  } catch (error) {
    failIn(this, directory, error);
  }
}
