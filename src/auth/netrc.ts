/** The file in which ftp, curl and git look for passwords: `machine HOST login USER password PASSWORD`. */
import { RegistryError } from '../registry/index.ts';
import { sameHost } from './credential-key.ts';
import { fromLogin, type Credentials } from './login.ts';

/** What a file says about one host. */
interface Entry {
  readonly line: number;
  /** With its port, if it has one. Undefined for `default`. */
  host: string | undefined;
  username?: string;
  password?: string;
}

/**
 * What a netrc file knows about a registry: its first entry with a password for that host. `default` is for nobody:
 * it would give a password to any registry that asks.
 * @param file for messages
 * @throws {RegistryError} `CREDENTIALS_INVALID`, which names file and line, and quotes nothing.
 * @see https://www.gnu.org/software/inetutils/manual/html_node/The-_002enetrc-file.html
 */
export function findInNetrc(bytes: Uint8Array, file: string, host: string): Credentials | undefined {
  for (const { line, host: own, username, password } of parse(bytes, file)) {
    if (own === undefined || !sameHost(own, host)) continue;
    const found = fromLogin({
      ...(username !== undefined && { username }),
      ...(password !== undefined && { password }),
      origin: `${file}, line ${line}`,
    });
    if (found !== undefined) return found;
  }
  return undefined;
}

function parse(bytes: Uint8Array, file: string): readonly Entry[] {
  const { word, value, skip, line, invalid } = reader(bytes, file);
  const entries: Entry[] = [];
  const entry = (): Entry => entries.at(-1) ?? invalid('this belongs to no machine');
  for (;;) {
    const keyword = word();
    switch (keyword) {
      case undefined:
        return entries;
      case 'machine':
        entries.push({ line: line(), host: value() });
        break;
      case 'default':
        entries.push({ line: line(), host: undefined });
        break;
      case 'login':
        entry().username = value();
        break;
      case 'password':
        entry().password = value();
        break;
      case 'port': {
        // Git's and Emacs's addition. What is for one port is not for another.
        const [own, port] = [entry(), value()];
        if (own.host !== undefined) own.host = `${own.host}:${port}`;
        break;
      }
      case 'account':
      case 'protocol':
        value();
        break;
      case 'macdef':
        // Macros are for ftp, and end with an empty line.
        skip(/[^]*?(?:\n\r?\n|$)/y);
        break;
      default:
        // Only where a keyword may stand: a password may begin with it.
        if (keyword.startsWith('#')) skip(/.*/y);
        else invalid('neither a keyword nor a comment');
    }
  }
}

interface Reader {
  /** The next word; undefined at the end. */
  word(): string | undefined;
  /** The next word, which must be there. */
  value(): string;
  /** Goes on after what a sticky expression matches. */
  skip(what: RegExp): void;
  /** In which the last word was. */
  line(): number;
  invalid(why: string): never;
}

const ESCAPED: Readonly<Partial<Record<string, string>>> = { n: '\n', r: '\r', t: '\t' };

function reader(bytes: Uint8Array, file: string): Reader {
  let at = 0;
  let start = 0;
  let lines = 1;
  let counted = 0;
  let text = '';
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new RegistryError('CREDENTIALS_INVALID', `${file}: not in UTF-8`);
  }
  const match = (what: RegExp): string | undefined => {
    what.lastIndex = at;
    const found = what.exec(text)?.[0];
    at += found?.length ?? 0;
    return found;
  };
  const line = (): number => {
    for (; counted < start; counted++) if (text[counted] === '\n') lines++;
    return lines;
  };
  const invalid = (why: string): never => {
    throw new RegistryError('CREDENTIALS_INVALID', `${file}, line ${line()}: ${why}`);
  };
  const word = (): string | undefined => {
    match(/\s+/y);
    start = at;
    if (text[at] !== '"') return match(/\S+/y);
    const quoted = match(/"(?:[^"\\\n]|\\.)*"(?!\S)/y) ?? invalid('a quoted word does not end');
    return quoted.slice(1, -1).replace(/\\(.)/g, (_, escaped: string) => ESCAPED[escaped] ?? escaped);
  };
  return {
    word,
    value: () => word() ?? invalid('the file ends before a value'),
    skip: (what) => void match(what),
    line,
    invalid,
  };
}
