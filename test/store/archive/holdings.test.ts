import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createHoldings, type Holdings } from '../../../src/store/archive/holdings/holdings.ts';
import { temporaryFolder } from '../layout/folder.ts';
import { config, image, piece, type Piece } from '../layout/image.ts';
import { blob, indexJson, one, tar, VERSION } from './samples.ts';

const folder = temporaryFolder();
const fileOf = (): string => join(folder(), 'x.tar');
const two = image('two');

const archiveOf = (entries: Readonly<Record<string, Piece>>): Buffer =>
  tar(VERSION, indexJson(entries), ...[config, ...Object.values(entries)].map(blob));

/** Puts another archive into the place of ours, as another process would. */
async function replacedBy(entries: Readonly<Record<string, Piece>>): Promise<void> {
  await writeFile(`${fileOf()}.new`, archiveOf(entries));
  await rename(`${fileOf()}.new`, fileOf());
}

/** Opens what an archive with one image holds. */
async function holding<T>(work: (holdings: Holdings) => Promise<T>): Promise<T> {
  await writeFile(fileOf(), archiveOf({ one }));
  const holdings = createHoldings(fileOf(), { repository: 'archive', format: 'oci', limits: undefined });
  try {
    return await work(holdings);
  } finally {
    await holdings.close();
  }
}

/** Pushes a blob in the way in which all of them come. */
async function pushed(holdings: Holdings, { bytes, descriptor }: Piece): Promise<void> {
  const path = await holdings.staging.newFile();
  await writeFile(path, bytes);
  await holdings.keep(descriptor.digest, path, bytes.length);
}

describe('what an archive holds', () => {
  test('has a change, and what somebody else wrote, that another reader met in the middle of it', async () => {
    await holding(async (holdings) => {
      let attempts = 0;
      await holdings.change(async (draft) => {
        attempts++;
        const mine = { ...one.descriptor, annotations: { 'org.opencontainers.image.ref.name': 'mine' } };
        const before = draft.entries;
        if (attempts === 1) {
          await replacedBy({ one, two });
          await holdings.current();
        }
        draft.entries = [...before, mine];
      });
      const { entries, names } = await holdings.current();
      expect(entries).toHaveLength(3);
      expect(names.ref('mine')).toHaveLength(1);
      expect(names.ref('two')).toHaveLength(1);
    });
  });

  test('has a change that was made while a reader met another file', async () => {
    await holding(async (holdings) => {
      await holdings.current();
      const named = (name: string): Promise<void> =>
        holdings.change(async (draft) => {
          const annotations = { 'org.opencontainers.image.ref.name': name };
          draft.entries = [...draft.entries, { ...one.descriptor, annotations }];
        });
      await named('first');
      await replacedBy({ one, two });
      await Promise.all([holdings.current(), named('second'), holdings.current(), named('third')]);
      const { names } = await holdings.current();
      for (const name of ['one', 'two', 'first', 'second', 'third']) expect(names.ref(name)).toHaveLength(1);
    });
  });

  test('still has a blob that was deleted, and pushed again while it was written out', async () => {
    const again = piece('pushed, deleted, and pushed again');
    const { digest } = again.descriptor;
    await holding(async (holdings) => {
      await pushed(holdings, again);
      await holdings.change(async (draft) => void draft.gone.add(digest));
      expect((await holdings.current()).find(digest)).toBeUndefined();
      let keeping: Promise<void> | undefined;
      await holdings.settle(async (_, place) => {
        keeping = pushed(holdings, again);
        await writeFile(`${fileOf()}.tmp`, archiveOf({ one }));
        await place(`${fileOf()}.tmp`, fileOf());
      });
      await keeping;
      expect((await holdings.current()).find(digest)?.size).toBe(again.bytes.length);
    });
  });

  test('is written out again when somebody who takes no lock was faster', async () => {
    await holding(async (holdings) => {
      await pushed(holdings, piece('mine'));
      const seen: string[][] = [];
      await holdings.settle(async (view, place) => {
        seen.push(
          view.entries.map(({ annotations }) => annotations?.['org.opencontainers.image.ref.name'] ?? ''),
        );
        if (seen.length === 1) await replacedBy({ one, two });
        await writeFile(`${fileOf()}.tmp`, archiveOf({ one }));
        await place(`${fileOf()}.tmp`, fileOf());
      });
      expect(seen).toEqual([['one'], ['one', 'two']]);
    });
  });

  test('has no longer what was pushed and deleted, once it is written out', async () => {
    const { digest } = two.descriptor;
    await holding(async (holdings) => {
      await pushed(holdings, two);
      await holdings.change(async (draft) => void draft.gone.add(digest));
      await holdings.settle(async (_, place) => {
        await writeFile(`${fileOf()}.tmp`, archiveOf({ one }));
        await place(`${fileOf()}.tmp`, fileOf());
      });
      expect((await holdings.current()).find(digest)).toBeUndefined();
    });
  });
});
