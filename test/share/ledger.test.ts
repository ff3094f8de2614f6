/** The ledger, over a stand-in for Redis: what comes of failures. test/interop/share.test.ts has it over a real one. */
import { describe, expect, test } from 'vitest';
import { RegistryError } from '../../src/registry/index.ts';
import type { SharedConnection } from '../../src/share/connection.ts';
import { decodeFinding, encodeFinding, isClaim, LARGEST } from '../../src/share/finding.ts';
import { createLedger } from '../../src/share/ledger.ts';
import type { ScriptedRedis } from '../../src/share/scripts.ts';
import { settled, stillClock } from '../transport/clock.ts';

interface Memory {
  readonly entries: Map<string, Buffer>;
  readonly connection: SharedConnection;
  /** From now on nothing is answered but this error. */
  break(error: Error): void;
}

/** What the scripts do, in this process. */
function memory(): Memory {
  const entries = new Map<string, Buffer>();
  let broken: Error | undefined;
  const client = {
    async claimBuffer(key: string, mark: Buffer) {
      const known = entries.get(key) ?? mark;
      entries.set(key, known);
      return known;
    },
    async settleBuffer(key: string, _: string, found: Buffer) {
      const known = entries.get(key);
      if (known !== undefined && !isClaim(known)) return known;
      entries.set(key, found);
      return null;
    },
    async release(key: string, mark: Buffer) {
      if (entries.get(key)?.equals(mark)) entries.delete(key);
      return null;
    },
    mgetBuffer: async (...keys: readonly string[]) => keys.map((key) => entries.get(key) ?? null),
  } as unknown as ScriptedRedis;
  return {
    entries,
    break: (error) => void (broken = error),
    connection: {
      client,
      async run(command) {
        if (broken !== undefined) throw broken;
        return command(client);
      },
      close: () => {},
    },
  };
}

const entry = 'stowage:run:r:found:k';

describe('what was found', () => {
  test.each(['', 'short', '{"é":"☃"}', 'long '.repeat(10_000), '?', '=', 'z'])(
    'is read as it was written (%#)',
    (text) => {
      const kept = encodeFinding(text);
      expect(isClaim(kept)).toBe(false);
      expect(decodeFinding(kept, 'k')).toBe(text);
      expect(kept.length).toBeLessThan(2000);
    },
  );

  test.each(['', 'x', '?claim', 'znothing that was compressed'])('%j is nothing that was found', (text) => {
    expect(() => decodeFinding(Buffer.from(text), 'k')).toThrow(
      expect.objectContaining({ code: 'RESPONSE_INVALID' }),
    );
  });
});

describe('a thing that is found once', () => {
  test('whoever asks in the same process meanwhile gets the same', async () => {
    const { connection } = memory();
    const ledger = createLedger(connection, 'r', stillClock());
    let found = 0;
    const find = async (): Promise<string> => {
      await settled();
      return `the ${++found}st`;
    };
    expect(await Promise.all([ledger.once('k', find), ledger.once('k', find)])).toEqual([
      'the 1st',
      'the 1st',
    ]);
    expect(await ledger.once('k', find)).toBe('the 1st');
    ledger.close();
  });

  test('who fails is told, and the next one in the same process tries', async () => {
    const { connection, entries } = memory();
    const ledger = createLedger(connection, 'r', stillClock());
    const failing = ledger.once('k', async () => {
      await settled();
      throw new Error('no luck');
    });
    const next = ledger.once('k', async () => 'found');
    await expect(failing).rejects.toThrow('no luck');
    expect(await next).toBe('found');
    expect(decodeFinding(entries.get(entry) ?? Buffer.alloc(0), 'k')).toBe('found');
    ledger.close();
  });

  test('who was slower takes what another one wrote', async () => {
    const { connection, entries } = memory();
    const ledger = createLedger(connection, 'r', stillClock());
    const text = await ledger.once('k', async () => {
      entries.set(entry, encodeFinding('another’s'));
      return 'mine';
    });
    expect(text).toBe('another’s');
    ledger.close();
  });

  test('what another one is about to find is waited for; if that ends, it is found here', async () => {
    const { connection, entries } = memory();
    const clock = stillClock();
    const ledger = createLedger(connection, 'r', clock);
    entries.set(entry, Buffer.from('?another'));
    const waiting = ledger.once('k', async () => 'mine');
    await clock.pass(5000);
    entries.delete(entry);
    await clock.pass(200);
    expect(await waiting).toBe('mine');
    // Looked for often at first, then every now and then.
    expect(clock.slept.length).toBeLessThan(60);
    ledger.close();
  });

  test('what is too large is not shared', async () => {
    const { connection, entries } = memory();
    const ledger = createLedger(connection, 'r', stillClock());
    const large = 'x'.repeat(LARGEST + 1);
    expect(await ledger.once('k', async () => large)).toBe(large);
    await settled();
    expect(entries.size).toBe(0);
    ledger.close();
  });

  test('who waits when Redis goes, or the run is left, is told', async () => {
    const { connection, entries, break: breakIt } = memory();
    const clock = stillClock();
    const ledger = createLedger(connection, 'r', clock);
    entries.set(entry, Buffer.from('?another'));
    const first = ledger.once('k', async () => 'mine').catch((error: unknown) => error);
    await settled();
    const gone = new RegistryError('UNAVAILABLE', 'Redis: gone');
    breakIt(gone);
    await clock.pass(100);
    expect(await first).toBe(gone);

    const other = memory();
    other.entries.set(entry, Buffer.from('?another'));
    const left = createLedger(other.connection, 'r', clock);
    const second = left.once('k', async () => 'mine').catch((error: unknown) => error);
    await settled();
    left.close();
    expect(await second).toMatchObject({ code: 'UNAVAILABLE' });
    ledger.close();
  });
});
