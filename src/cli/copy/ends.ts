import type { CopyPlan, CopyStage } from '../../image/index.ts';
import { parseDockerName } from '../../oci/index.ts';
import { isLocalReference } from '../../place/index.ts';
import { addPlans, planOf, type Plan } from '../../plan/index.ts';
import type { Settings } from '../../settings/index.ts';

/** A registry over HTTP at one end of a copy. */
export interface End {
  readonly host: string;
  readonly repository: string;
  /** How many can be asked for what is read: itself, and its mirrors. */
  readonly readers: number;
  readonly chunkSize?: number;
}

/** Both ends of a copy. Undefined for layouts and archives, which take no requests. */
export interface Ends {
  readonly from: End | undefined;
  readonly to: End | undefined;
}

/** What is at the ends of a copy, going by the references. @throws {Invalid} subject `reference`. */
export function endsOf(from: string, to: string, settings: Settings): Ends {
  const endOf = (reference: string): End | undefined => {
    if (isLocalReference(reference)) return undefined;
    const { host, repository } = parseDockerName(reference);
    const { mirrors, chunkSize } = settings.of(host);
    return {
      host,
      repository,
      readers: 1 + mirrors.length,
      ...(chunkSize !== undefined && { chunkSize }),
    };
  };
  return { from: endOf(from), to: endOf(to) };
}

/**
 * The requests of a copy, those by which registries let us in included: how they do that each is asked once; and a token is
 * got for reading at each end, one for writing, and one for mounting from another repository.
 */
export function planAtEnds(plan: CopyPlan, stage: CopyStage, { from, to }: Ends): Plan {
  const isOneHost = from?.host === to?.host;
  const isInPlace = isOneHost && from?.repository === to?.repository;
  const reading = (from?.readers ?? 0) + (isInPlace ? 0 : (to?.readers ?? 0));
  const writing = to === undefined || stage === 'asking' ? 0 : isOneHost && !isInPlace ? 2 : 1;
  return addPlans(
    ...(from === undefined ? [] : [plan.from]),
    ...(to === undefined ? [] : [plan.to]),
    planOf({
      'GET ping': (from?.readers ?? 0) + (isOneHost ? 0 : (to?.readers ?? 0)),
      'GET token': reading + writing,
    }),
  );
}
