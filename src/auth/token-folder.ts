import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileNameFor, readPrivate, removeOlder, writePrivate } from '../disk/index.ts';
import { isObject, type Json } from '../oci/index.ts';
import { hostOfKey } from './credential-key.ts';
import { parseSecretObject } from './secret-json.ts';
import type {
  StoredAccess,
  StoredToken,
  TokenFilesOptions,
  TokenStore,
  TokenStoreKey,
} from './token-store.ts';

/** Of one account at one registry. */
const MOST = 200;
/** Of a file, in bytes. */
const LONGEST = 1024 * 1024;

/** What was not written for so long, in milliseconds, is of accounts, or of hosts, that are not used any more. */
const UNUSED = 24 * 60 * 60_000;

/** The store behind `tokenFiles`: a folder for each host, so that it can be forgotten as a whole. */
export function openTokenFolder(folder: string, { now = Date.now }: TokenFilesOptions): TokenStore {
  const folderOf = (host: string): string => join(folder, fileNameFor(hostOfKey(host)));
  const pathOf = ({ origin, account }: TokenStoreKey): string =>
    join(folderOf(new URL(origin).host), `${fileNameFor(`${origin} ${account}`)}.json`);
  const read = async (key: TokenStoreKey): Promise<StoredAccess | undefined> => {
    const bytes = await readPrivate(pathOf(key), LONGEST);
    return bytes && parse(bytes, key);
  };
  const write = async (key: TokenStoreKey, { tokens, ...where }: StoredAccess): Promise<void> => {
    let living = tokens.filter(({ goodUntil }) => goodUntil > now()).slice(0, MOST);
    const text = (): string => JSON.stringify({ ...key, ...where, tokens: living });
    // The oldest stand last.
    while (text().length > LONGEST) living = living.slice(0, Math.floor(living.length / 2));
    await writePrivate(pathOf(key), text());
  };
  let sweeping: Promise<unknown> | undefined;
  // One after the other: each reads what the one before it wrote.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
    const turn = last.then(work).catch(() => undefined);
    last = turn;
    return turn;
  };
  return {
    find: (key) =>
      inTurn(async () => {
        const known = await read(key);
        if (known === undefined) return undefined;
        const tokens = known.tokens.filter(({ goodUntil }) => goodUntil > now());
        // What the registry said stays true; a token whose life is over is not left on the disk.
        if (tokens.length < known.tokens.length) await write(key, known);
        return { ...known, tokens };
      }),
    keep: (key, token) =>
      inTurn(async () => {
        await (sweeping ??= removeOlder(folder, now() - UNUSED));
        const known = await read(key);
        // Of two tokens for the same, the newer one.
        const others = known?.tokens.filter((other) => !isForSame(other, token)) ?? [];
        const { realm, service } = token;
        await write(key, {
          realm,
          ...(service !== undefined && { service }),
          tokens: [token, ...others],
        });
      }),
    drop: (key, token) =>
      inTurn(async () => {
        const known = await read(key);
        if (known === undefined) return;
        await write(key, { ...known, tokens: known.tokens.filter((other) => other.token !== token) });
      }),
    async forget(host) {
      await inTurn(() => rm(folderOf(host), { recursive: true, force: true }));
    },
  };
}

function isForSame(a: StoredToken, b: StoredToken): boolean {
  return a.realm === b.realm && a.service === b.service && a.scope === b.scope;
}

/** @returns undefined for what was not written here, or for somebody else: a file may have got another's name. */
function parse(bytes: Uint8Array, key: TokenStoreKey): StoredAccess | undefined {
  const document = parseSecretObject(bytes);
  if (typeof document === 'string') return undefined;
  const { origin, account, realm, service, tokens } = document;
  if (origin !== key.origin || account !== key.account) return undefined;
  if (typeof realm !== 'string' || !isOptionalText(service) || !Array.isArray(tokens)) return undefined;
  const read = tokens.slice(0, MOST).map(parseToken);
  if (!read.every((token) => token !== undefined)) return undefined;
  return { realm, ...(service !== undefined && { service }), tokens: read };
}

function parseToken(entry: Json): StoredToken | undefined {
  if (!isObject(entry)) return undefined;
  const { realm, service, scope, token, goodUntil } = entry;
  if (typeof realm !== 'string' || !isOptionalText(service) || typeof scope !== 'string') return undefined;
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token) || typeof goodUntil !== 'number')
    return undefined;
  return { realm, ...(service !== undefined && { service }), scope, token, goodUntil };
}

function isOptionalText(value: Json | undefined): value is string | undefined {
  return value === undefined || typeof value === 'string';
}
