import pLimit from 'p-limit';
import { Invalid, parsePlatform, type Platform } from '../../oci/index.ts';
import type { Place, Places } from '../../place/index.ts';
import { RegistryError } from '../../registry/index.ts';
import { print, say, type Context } from '../context.ts';
import { exitCodeOf, exitCodes } from '../exit-code.ts';
import { describeFailureAt, fail, misuse } from '../failure.ts';
import type { RegistryFlags } from '../flags.ts';
import { answer, type Answer, type Question } from './answer.ts';
import { readLookup, type Wanted } from './words.ts';
import { base64Json, write } from '../output.ts';
import { withPlaces } from '../session.ts';

export interface LookupFlags extends RegistryFlags {
  readonly digest?: boolean;
  readonly platform?: string;
  readonly parallel?: boolean;
}

/** References that are asked for at a time, unless all are. */
const AT_A_TIME = 8;

/** `stowage lookup REF…`: what stands there, as an index, or as it is. */
export default async function lookup(
  this: Context,
  flags: LookupFlags,
  ...words: readonly string[]
): Promise<void> {
  const asked = understand(words, flags);
  if (asked instanceof Invalid) return misuse(this, asked.message);
  await withPlaces(this, flags, async (places) => {
    const { wanted, platform } = asked;
    const { digest = false, parallel = false } = flags;
    const questions: readonly Question[] = wanted.flatMap((one) => {
      const place = placeOf(this, places, one);
      return place === undefined ? [] : [{ ...one, place, digest, platform, signal: this.signal }];
    });
    // Nothing is asked where one of them is malformed.
    if (questions.length < wanted.length) return;
    // They are answered in the order in which they were asked, whatever comes first.
    let turn = 0;
    const limit = pLimit(parallel ? Number.POSITIVE_INFINITY : AT_A_TIME);
    const answers = questions.map((question, at) => limit(() => answer(question, () => turn === at)));
    const codes: number[] = [];
    for (const [at, { reference }] of questions.entries()) {
      turn = at;
      codes.push(await tell(this, (await answers[at]) as Answer, reference));
    }
    this.process.exitCode = overall(codes);
  });
}

interface Asked {
  readonly wanted: readonly Wanted[];
  readonly platform: Platform | undefined;
}

function understand(words: readonly string[], flags: LookupFlags): Asked | Invalid {
  try {
    const platform = flags.platform === undefined ? undefined : parsePlatform(flags.platform);
    const wanted = readLookup(words);
    if (platform === undefined || !wanted.some(({ head, type }) => head || type !== undefined))
      return { wanted, platform };
    return new Invalid('platform', '--platform picks from an index, and goes with neither --type nor --head');
  } catch (error) {
    if (error instanceof Invalid) return error;
    throw error;
  }
}

function placeOf(context: Context, places: Places, wanted: Wanted): Place | undefined {
  try {
    return open(places, wanted);
  } catch (error) {
    return fail(context, error);
  }
}

function open(places: Places, { reference, type }: Wanted): Place {
  const place = places.open(reference);
  if (type !== 'blob' || place.digest !== undefined) return place;
  throw new RegistryError(
    'REFERENCE_INVALID',
    `invalid reference "${reference}": a blob is named by its digest, as in NAME@sha256:…`,
    { reference },
  );
}

/** @returns the exit code for this one */
async function tell(context: Context, given: Answer, reference: string): Promise<number> {
  switch (given.kind) {
    case 'text':
      print(context, given.text);
      return exitCodes.ok;
    case 'bytes':
      return stream(context, given, reference);
    case 'absent':
      // An answer for programs; people may want to know why.
      print(context, 'null');
      say(context, `stowage: ${describeFailureAt(given.why, reference)}`);
      return exitCodes.ok;
    case 'failed':
      say(context, `stowage: ${describeFailureAt(given.why, reference)}`);
      return exitCodeOf(given.why);
  }
}

/** What turns out to be wrong at its end is left without the closing quote, so that nobody takes it for the whole. */
async function stream(
  context: Context,
  { open: opened }: Extract<Answer, { kind: 'bytes' }>,
  reference: string,
): Promise<number> {
  try {
    for await (const piece of base64Json(await opened())) await write(context, piece);
    return exitCodes.ok;
  } catch (error) {
    say(context, `stowage: ${describeFailureAt(error, reference)}`);
    return exitCodeOf(error);
  } finally {
    await write(context, '\n');
  }
}

/** One code for several results: theirs if they agree, `partlyDone` if some came and others did not. */
function overall(codes: readonly number[]): number {
  const failures = codes.filter((code) => code !== exitCodes.ok);
  if (failures.length === 0) return exitCodes.ok;
  if (failures.length < codes.length) return exitCodes.partlyDone;
  return failures.every((code) => code === failures[0]) ? (failures[0] ?? exitCodes.error) : exitCodes.error;
}
