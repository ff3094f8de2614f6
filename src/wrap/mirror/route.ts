import { isRegistryError, type Operation, type Registry } from '../../registry/index.ts';
import type { MirrorEvent } from './event.ts';
import type { Mirror } from './options.ts';
import { goesOn, outcomeOf, type MirrorOutcome } from './outcome.ts';

/** How long a mirror that was not available is left alone, in milliseconds: not every read is to wait for its timeout. */
const REST = 30_000;
/** How many wrong answers of a mirror are remembered. */
const MOST_WRONG = 1000;

/** One that can be asked. */
export interface Station {
  readonly registry: Registry;
  /** The registry itself, after which there is nobody. */
  readonly last: boolean;
  readonly fallback: Mirror['fallback'] | undefined;
  /** Tells that it answered. */
  served(): void;
  /** Tells that it failed. @throws the error, where nobody else is to be asked. */
  failed(error: unknown): void;
}

/** Finds who is to be asked for what, one after the other. */
export type Router = (operation: Operation) => Station[];

export interface RouterOptions {
  readonly onEvent: (event: MirrorEvent) => void;
  readonly now: () => number;
}

/** Builds the router; it knows which mirrors rest, and what they have wrong. */
export function createRouter(
  upstream: Registry,
  mirrors: readonly Mirror[],
  { onEvent, now }: RouterOptions,
): Router {
  const itself: Station = {
    registry: upstream,
    last: true,
    fallback: undefined,
    served: () => {},
    failed: (error) => {
      throw error;
    },
  };
  const stands = mirrors.map((mirror) => ({
    mirror,
    restsUntil: Number.NEGATIVE_INFINITY,
    wrong: new Set<string>(),
  }));

  const stationAt = (stand: (typeof stands)[number], operation: Operation): Station => {
    const { mirror } = stand;
    const key = keyOf(operation);
    const { name, options } = operation;
    const subject = subjectOf(operation);
    const tell = (outcome: MirrorOutcome, passedOn: boolean, reason?: string): void =>
      onEvent({
        type: 'mirror',
        mirror: mirror.name,
        operation: name,
        ...subject,
        outcome,
        passedOn,
        ...(reason !== undefined && { reason }),
      });
    return {
      registry: mirror.registry,
      last: false,
      fallback: mirror.fallback,
      served: () => tell('served', false),
      failed(error) {
        const outcome = options.signal?.aborted ? undefined : outcomeOf(error);
        if (outcome === undefined || !isRegistryError(error)) throw error;
        const passedOn = goesOn(mirror.fallback, outcome);
        tell(outcome, passedOn, error.message);
        if (outcome === 'wrong') remember(stand.wrong, key);
        // One that nobody stands in for has to be asked each time.
        if (outcome === 'unavailable' && mirror.fallback !== 'never')
          stand.restsUntil = now() + Math.max(REST, (error.retryAfter ?? 0) * 1000);
        if (!passedOn) throw error;
      },
    };
  };

  return (operation) => {
    const key = keyOf(operation);
    const awake = stands.filter(
      ({ mirror, restsUntil, wrong }) =>
        now() >= restsUntil &&
        !(key !== undefined && wrong.has(key)) &&
        // The repositories of a mirror that keeps ours under a prefix are those of many.
        !(operation.name === 'repositories' && mirror.repositoryPrefix !== undefined),
    );
    return [...awake.map((stand) => stationAt(stand, operation)), itself];
  };
}

function remember(keys: Set<string>, key: string | undefined): void {
  if (key === undefined) return;
  if (keys.size >= MOST_WRONG) keys.clear();
  keys.add(key);
}

/** What a wrong answer was about, if it will be as wrong the next time: a tag can move, and a list can change. */
function keyOf(operation: Operation): string | undefined {
  const { repository = '', reference = '' } = subjectOf(operation);
  return reference.includes(':') ? JSON.stringify([operation.name, repository, reference]) : undefined;
}

function subjectOf(operation: Operation): { repository?: string; reference?: string } {
  return {
    ...('repository' in operation && { repository: operation.repository }),
    ...('digest' in operation && { reference: operation.digest }),
    ...('reference' in operation && { reference: operation.reference }),
  };
}
