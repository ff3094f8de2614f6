import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  EMPTY_INDEX,
  parseIndex,
  readIndexText,
  writeIndexText,
  type IndexText,
  type LayoutIndex,
} from '../../src/layout-index/index.ts';
import { mediaTypes, type Descriptor } from '../../src/oci/index.ts';
import { entry } from './entry.ts';

const some = fc.array(
  fc.integer({ min: 0, max: 9 }).map((at) => entry(`D${at}`, { r: `v${at}é` })),
  { maxLength: 8 },
);
const fields = fc.constantFrom<LayoutIndex['fields']>(
  EMPTY_INDEX.fields,
  { manifests: [], schemaVersion: 2 },
  { schemaVersion: 2, manifests: [], annotations: { a: 'ü"\\' } },
);

/** What a file says, whichever way it was read. */
function said(bytes: Buffer, before?: IndexText): unknown {
  try {
    const { fields: all, entries } = before === undefined ? parseIndex(bytes) : readIndexText(bytes, before);
    return { all, entries };
  } catch (error) {
    return (error as Error).message;
  }
}

describe('a version that differs in some entries', () => {
  test('is written as it would be in full', () => {
    fc.assert(
      fc.property(fields, fc.array(some, { minLength: 2 }), (all, versions) => {
        let text: IndexText | undefined;
        for (const entries of versions) {
          text = writeIndexText({ fields: all, entries }, text);
          expect(text.bytes.toString()).toBe(JSON.stringify({ ...all, manifests: entries }));
        }
      }),
    );
  });

  test('is read as it would be in full', () => {
    fc.assert(
      fc.property(fields, fields, fc.array(some, { minLength: 2 }), (first, second, versions) => {
        let text: IndexText = writeIndexText({ fields: first, entries: versions[0] ?? [] });
        for (const entries of versions.slice(1)) {
          const bytes = writeIndexText({ fields: second, entries }).bytes;
          expect(said(bytes, text)).toEqual(said(bytes));
          text = readIndexText(bytes, text);
          // What is written after that stands on what was read.
          const next = [...text.entries, entry('D10')];
          const full = writeIndexText({ fields: second, entries: next }).bytes;
          expect(writeIndexText({ ...text, entries: next }, text).bytes).toEqual(full);
        }
      }),
    );
  });

  test('is read as in full, whatever became of the file', () => {
    const edit = fc.tuple(
      fc.nat(),
      fc.nat(12),
      fc.constantFrom('', ',', ']', '[', '{}', '"', ' ', '\\', '\xff', '1],[2', ',{}'),
    );
    fc.assert(
      fc.property(some, some, edit, (before, after, [at, length, put]) => {
        const text = writeIndexText({ ...EMPTY_INDEX, entries: before });
        const bytes = writeIndexText({ ...EMPTY_INDEX, entries: after }).bytes;
        const from = at % bytes.length;
        const edited = Buffer.concat([
          bytes.subarray(0, from),
          Buffer.from(put, 'latin1'),
          bytes.subarray(from + length),
        ]);
        expect(said(edited, text)).toEqual(said(edited));
      }),
      { numRuns: 2000 },
    );
  });

  test.each([' ', ';', '', ',,', '],['])('with %o between two entries is no list', (between) => {
    const text = writeIndexText({ ...EMPTY_INDEX, entries: ['D1', 'D2', 'D3'].map((name) => entry(name)) });
    const edited = Buffer.from(text.bytes.toString().replace('},{', `}${between}{`));
    expect(said(edited, text)).toEqual(said(edited));
    expect(said(edited)).toContain('not valid JSON');
  });

  test.each([',]', ', ]', ']]'])('with %o at the end is no list', (end) => {
    const text = writeIndexText({ ...EMPTY_INDEX, entries: ['D1', 'D2'].map((name) => entry(name)) });
    const edited = Buffer.from(text.bytes.toString().replace('}]', `}${end}`));
    expect(said(edited, text)).toEqual(said(edited));
    expect(said(edited)).toContain('not valid JSON');
  });

  test('has all entries that are the same as objects that are the same', () => {
    const entries = ['D1', 'D2', 'D3', 'D4'].map((name) => entry(name, { r: name }));
    const before = writeIndexText({ ...EMPTY_INDEX, entries });
    const [d1, , d3, d4] = entries as [Descriptor, Descriptor, Descriptor, Descriptor];
    const { bytes } = writeIndexText({ ...EMPTY_INDEX, entries: [d1, entry('D5'), d3, d4] });
    const after = readIndexText(bytes, before);
    expect(after.entries.map((each) => entries.includes(each))).toEqual([true, false, true, true]);
  });
});

test('entries that another tool wrote in its own form are read, and written in ours with the first change', () => {
  const document = {
    manifests: [entry('D1', { r: 'v1' })],
    schemaVersion: 2,
    mediaType: mediaTypes.ociIndex,
  };
  const foreign = readIndexText(Buffer.from(JSON.stringify(document, undefined, 2)));
  expect(foreign.entries).toEqual(document.manifests);
  const changed = { ...foreign, entries: [...foreign.entries, entry('D2')] };
  expect(writeIndexText(changed, foreign).bytes.toString()).toBe(
    JSON.stringify({ ...document, manifests: [entry('D1', { r: 'v1' }), entry('D2')] }),
  );
});
