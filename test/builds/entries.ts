import { readSourceEntry, type SourceEntry } from '../../src/builds/index.ts';
import { parseOrdered } from '../../src/json/index.ts';
import type { Json } from '../../src/oci/index.ts';

/** What a fixture of an entry may say. */
export interface EntryFixture {
  readonly sourceId?: string | null;
  readonly arch?: string;
  readonly tags?: readonly string[];
  readonly archTags?: readonly string[];
  readonly froms?: readonly string[];
  readonly lastStageFrom?: string | null;
  readonly commit?: string;
  readonly epoch?: number | null;
  readonly platformString?: string;
}

/** What bashbrew prints for a source and an architecture. */
export function printed(fixture: EntryFixture = {}): Json {
  const { sourceId = 'source', arch = 'amd64', tags = ['a:1'], froms = ['scratch'], epoch = 1 } = fixture;
  return {
    sourceId,
    reproducibleGitChecksum: sourceId === null ? null : `sum of ${sourceId}`,
    entries: [
      {
        GitCommit: fixture.commit ?? 'c0ffee',
        Directory: '.',
        File: 'Dockerfile',
        Builder: '',
        SOURCE_DATE_EPOCH: epoch,
      },
    ],
    arches: {
      [arch]: {
        tags,
        archTags: fixture.archTags ?? tags.map((tag) => `${arch}/${tag}`),
        froms,
        lastStageFrom: fixture.lastStageFrom === undefined ? (froms[0] ?? null) : fixture.lastStageFrom,
        platformString: fixture.platformString ?? `linux/${arch}`,
        parents: {},
      },
    },
  };
}

/** The same where it was not asked for what is dear. */
export function printedCheaply(fixture: EntryFixture = {}): Json {
  return printed({ ...fixture, sourceId: null, epoch: null, froms: [], lastStageFrom: null });
}

/** What is read of it. */
export function entryOf(document: Json): SourceEntry {
  return readSourceEntry(parseOrdered(JSON.stringify(document)));
}
