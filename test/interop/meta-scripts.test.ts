/**
 * The lists that docker-library/meta-scripts makes with jq, and ours, byte for byte: on its own test data, and on
 * documents made up at random. Needs jq, and a checkout to which META_SCRIPTS points.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test, type TestContext } from 'vitest';
import {
  commandsFor,
  completeJobs,
  deployDocuments,
  mergeSources,
  needsSbom,
  needsSignature,
  queueOf,
  readBuilds,
  readJobs,
  readSourceEntry,
  type DeployOptions,
  type ListedBuild,
} from '../../src/builds/index.ts';
import { canonicalDescriptor, canonicalManifest, sortManifests } from '../../src/image/index.ts';
import { formatJson, parseOrdered, type Ordered, type OrderedObject } from '../../src/json/index.ts';
import { find } from './peers.ts';

const scripts = resolve(process.env['META_SCRIPTS'] ?? '../shared/meta-scripts');

function missing(): string | undefined {
  if (find('jq') === undefined) return 'jq is not installed';
  return existsSync(join(scripts, 'oci.jq'))
    ? undefined
    : 'META_SCRIPTS does not point to a checkout of meta-scripts';
}

/** A test that is left out, with the reason, where the originals are not at hand. */
function compare(name: string, run: () => Promise<void> | void): void {
  test(name, async (context: TestContext) => {
    const reason = missing();
    if (reason !== undefined) context.skip(reason);
    await run();
  });
}

const read = (...path: readonly string[]): string => readFileSync(join(scripts, '.test', ...path), 'utf8');
const builds = (): AsyncGenerator<ListedBuild> => readBuilds(read('builds.json'));

function jq(program: string, input: string, ...args: readonly string[]): string {
  const env = { ...process.env, SOURCE_DATE_EPOCH: '1700000000' };
  return execFileSync('jq', ['-L', scripts, ...args, program], { input, env, maxBuffer: 2 ** 30 }).toString();
}

describe('the canonical order', () => {
  const word = fc.oneof(
    fc.constantFrom(
      '',
      'linux',
      'windows',
      'amd64',
      'arm64',
      'arm',
      'v8',
      'v10',
      'v8.1',
      '10.0.17763.5576',
      '08',
      '😀',
      '\uE000',
    ),
    fc.string({ unit: fc.constantFrom('a', 'v', '1', '0', '9', '.', '-', 'é', 'Z'), maxLength: 6 }),
  );
  const platform = fc.record(
    {
      architecture: word,
      os: word,
      variant: fc.option(word),
      'os.version': word,
      'os.features': fc.array(word),
      x: fc.nat(),
    },
    { requiredKeys: [] },
  );
  const annotations = fc.dictionary(word, word, { maxKeys: 4 });
  const descriptor = fc.record(
    {
      digest: fc.nat(8),
      size: fc.nat(),
      platform: fc.option(platform),
      annotations,
      urls: fc.constant([]),
      data: word,
      mediaType: word,
      z: word,
      a: word,
    },
    { requiredKeys: ['digest'] },
  );
  type Entry = Readonly<Record<string, unknown>>;
  /** Some of them are attestations of others. */
  const manifests = fc
    .tuple(
      fc.array(descriptor, { maxLength: 8 }),
      fc.array(fc.option(fc.nat(7)), { minLength: 8, maxLength: 8 }),
    )
    .map(([entries, subjects]): readonly Entry[] => {
      const named = entries.map((entry): Entry => ({ ...reversed(entry), digest: `sha256:${entry.digest}` }));
      return named.map((entry, at) => {
        const subject = named[subjects[at] ?? 8]?.['digest'];
        if (subject === undefined) return entry;
        return {
          ...entry,
          annotations: { ...(entry['annotations'] as object), 'vnd.docker.reference.digest': subject },
        };
      });
    });

  const each = (
    program: string,
    documents: readonly unknown[],
    ours: (document: Ordered) => Ordered,
  ): void => {
    const input = documents.map((document) => JSON.stringify(document)).join('\n');
    const theirs = jq(`include "oci"; ${program}`, input, '-c').trimEnd().split('\n');
    expect(theirs).toHaveLength(documents.length);
    for (const [at, document] of documents.entries()) {
      const written = formatJson(ours(parseOrdered(JSON.stringify(document))), { compact: true });
      expect(written).toBe(theirs[at]);
    }
  };

  compare('of 5,000 lists of manifests', () =>
    each('map(normalize_descriptor) | sort_manifests', fc.sample(manifests, 5000), (list) =>
      sortManifests((list as readonly OrderedObject[]).map((entry) => canonicalDescriptor(entry))),
    ),
  );

  compare('of 2,000 documents', () => {
    const document = fc.record(
      {
        annotations,
        manifests,
        config: descriptor,
        layers: fc.array(descriptor),
        subject: descriptor,
        schemaVersion: fc.nat(),
        b: word,
      },
      { requiredKeys: [] },
    );
    each('normalize_manifest', fc.sample(document, 2000).map(reversed), (value) =>
      canonicalManifest(value as OrderedObject),
    );
  });

  /** The order in which fast-check gives fields is the same each time. */
  function reversed<T extends object>(value: T): T {
    return Object.fromEntries(Object.entries(value).reverse()) as T;
  }
});

describe.each<[string, DeployOptions]>([
  ['deploy-all', {}],
  ['deploy-amd64', { arch: 'amd64' }],
])('documents: %s', (name, options) => {
  compare('are equal', async () => {
    const documents: Ordered[] = [];
    for await (const document of deployDocuments(builds(), options)) documents.push(document);
    expect(`${formatJson(documents)}\n`).toBe(read(name, 'out.json'));
  });
});

compare('commands, bills of materials and signatures', async () => {
  const ours = new Map<string, Ordered>();
  for await (const build of builds()) {
    const { pull, build: make, push } = commandsFor(build, 1_700_000_000);
    const rules = { pull, build: make, push, sbom: needsSbom(build), sign: needsSignature(build) };
    ours.set(build.id, new Map<string, Ordered>(Object.entries(rules)));
  }
  const program =
    'include "meta"; include "doi"; map_values(commands + {sbom: (build_should_sbom // false), sign: build_should_sign})';
  expect(`${formatJson(ours)}\n`).toBe(jq(program, read('builds.json'), '--tab'));
});

compare('the queue, its record, and what becomes of it', async () => {
  const { pastJobs, builds: queued } = Object.fromEntries(
    parseOrdered(
      jq('.', jq('.', '', '--null-input', '--from-file', join(scripts, '.test/meta-queue/in.jq'))),
    ) as OrderedObject,
  ) as { readonly pastJobs: Ordered; readonly builds: Ordered };
  const { queue, record, skipped } = await queueOf(readBuilds(formatJson(queued)), {
    arch: 'arm32v7',
    past: readJobs(pastJobs),
    now: 0,
  });
  const written = [formatJson(queue), formatJson(record), String(skipped)]
    .map((line) => `${line}\n`)
    .join('');
  expect(written).toBe(read('meta-queue', 'out.json'));
  const completed = '{"arm32v7-null-1-1970-01-01T00:00:00Z":{"lastTime":1.5,"url":"x"}}';
  const program = `. * ${completed} | map_values(.firstTime //= .lastTime)`;
  expect(`${formatJson(completeJobs(record, parseOrdered(completed)))}\n`).toBe(
    jq(program, formatJson(record), '--tab'),
  );
});

compare('sources', async () => {
  const sources = parseOrdered(read('sources.json')) as ReadonlyMap<string, OrderedObject>;
  const entries = [...sources.values()].flatMap((source) =>
    [...(source.get('arches') as ReadonlyMap<string, OrderedObject>)].flatMap(([arch, fields]) =>
      (source.get('entries') as readonly Ordered[]).map((entry) => {
        const own = new Map([[arch, new Map([...fields, ['parents', new Map()]])]]);
        return new Map<string, Ordered>([...source, ['entries', [entry]], ['arches', own]]);
      }),
    ),
  );
  const script = readFileSync(join(scripts, 'sources.sh'), 'utf8');
  const program = /--argjson pins "\$externalPinsJson" '([^']+)'\s*$/.exec(script)?.[1] ?? '';
  const theirs = jq(program, formatJson(entries), '--tab', '--argjson', 'pins', '{"alpine:3.18":"sha256:0"}');
  const ours = mergeSources(
    entries.map((entry) => readSourceEntry(entry)),
    new Map([['alpine:3.18', 'sha256:0']]),
  );
  expect(`${formatJson(ours)}\n`).toBe(theirs);
});
