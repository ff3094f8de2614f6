import type { FullReference } from '../../oci/index.ts';
import type { DeployTask } from './task.ts';
import type { Deployed, DeployOptions, DeployStep } from './options.ts';

/** Tells what became of references, and keeps the sums. */
export interface StepReporter {
  tell(
    task: DeployTask,
    refs: readonly FullReference[],
    outcome: DeployStep['outcome'],
    why?: Pick<DeployStep, 'error' | 'because'>,
  ): void;
  readonly sum: Deployed;
}

export function createStepReporter({ onStep }: Pick<DeployOptions, 'onStep'>): StepReporter {
  const failed: DeployStep[] = [];
  const counts = { present: 0, changed: 0, failed: 0, left: 0 };
  return {
    tell({ document, digest }, refs, outcome, why) {
      for (const reference of refs) {
        const step: DeployStep = {
          document,
          reference,
          outcome,
          ...(digest !== undefined && { digest }),
          ...why,
        };
        counts[outcome]++;
        if (outcome === 'failed' || outcome === 'left') failed.push(step);
        onStep?.(step);
      }
    },
    get sum() {
      return { present: counts.present, changed: counts.changed, failed };
    },
  };
}
