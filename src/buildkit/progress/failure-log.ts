import { isCanceled, type Step } from './steps.ts';

/** The last lines of the steps that failed, to stand at the end of all. Empty if none did. */
export function failureLog(steps: readonly Step[]): string {
  return steps
    .filter((step) => step.error !== '' && !isCanceled(step) && !step.hidden)
    .map(({ name, lastLines }) => {
      const lines = lastLines.map(({ age, text }) => `${age} ${text}\n`);
      return `------\n > ${name}:\n${lines.join('')}------\n`;
    })
    .join('');
}
