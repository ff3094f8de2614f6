import { isObject, type Json } from '../../oci/index.ts';
import { digestRules } from './descriptor.ts';
import { must, should, shown, within, type Finding } from './finding.ts';
import { textList } from './platform.ts';
import type { JsonObject } from './rule-options.ts';

/** RFC 3339: a date, a time, and how far from Greenwich. */
const MOMENT = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/;

/**
 * The config of an image.
 * @param layers how many layers its manifest has, if that is known
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md#properties
 */
export function* configRules(config: JsonObject, layers?: number): Generator<Finding> {
  const {
    created,
    author,
    variant,
    'os.version': version,
    'os.features': features,
    rootfs,
    history,
  } = config;
  for (const name of ['architecture', 'os']) {
    const value = config[name];
    if (typeof value !== 'string' || value === '')
      yield must(within('', name), `want a text, got ${shown(value)}`);
  }
  for (const [name, value] of Object.entries({ author, variant, 'os.version': version }))
    if (value !== undefined && typeof value !== 'string')
      yield must(within('', name), `want a text, got ${shown(value)}`);
  if (features !== undefined) yield* textList(features, '/os.features');
  if (created !== undefined) yield* momentRules(created, '/created');
  yield* rootfsRules(rootfs, layers);
  if (history !== undefined) yield* historyRules(history, layers);
}

function* rootfsRules(rootfs: Json | undefined, layers: number | undefined): Generator<Finding> {
  if (!isObject(rootfs)) return yield must('/rootfs', `want an object, got ${shown(rootfs)}`);
  const { type, diff_ids: diffIds } = rootfs;
  if (type !== 'layers') yield must('/rootfs/type', `want layers, got ${shown(type)}`);
  if (!Array.isArray(diffIds))
    return yield must('/rootfs/diff_ids', `want a list of digests, got ${shown(diffIds)}`);
  for (const [at, digest] of (diffIds as readonly Json[]).entries())
    yield* digestRules(digest, within('/rootfs/diff_ids', at));
  if (layers !== undefined && diffIds.length !== layers)
    yield must('/rootfs/diff_ids', `has ${diffIds.length} of them, and the manifest ${layers} layers`);
}

function* historyRules(history: Json, layers: number | undefined): Generator<Finding> {
  if (!Array.isArray(history)) return yield must('/history', `want a list of objects, got ${shown(history)}`);
  let full = 0;
  for (const [at, entry] of (history as readonly Json[]).entries()) {
    const pointer = within('/history', at);
    if (!isObject(entry)) {
      yield must(pointer, `want an object, got ${shown(entry)}`);
      continue;
    }
    const { empty_layer: empty, created, ...texts } = entry;
    if (empty !== true) full++;
    if (empty !== undefined && typeof empty !== 'boolean')
      yield must(within(pointer, 'empty_layer'), `want true or false, got ${shown(empty)}`);
    if (created !== undefined) yield* momentRules(created, within(pointer, 'created'));
    for (const name of ['author', 'created_by', 'comment'])
      if (texts[name] !== undefined && typeof texts[name] !== 'string')
        yield must(within(pointer, name), `want a text, got ${shown(texts[name])}`);
  }
  if (layers !== undefined && full !== layers)
    yield should('/history', `tells of ${full} layers, and the manifest has ${layers}`);
}

function* momentRules(value: Json, pointer: string): Generator<Finding> {
  if (typeof value !== 'string' || !MOMENT.test(value))
    yield must(pointer, `want a time as in 2024-02-29T12:00:00Z, got ${shown(value)}`);
}
