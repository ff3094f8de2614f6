/** What several machines share over a Redis: what they find out, a queue of work, and the rates of registries. */
export type { Ledger } from './ledger.ts';
export { joinRun, type SharedRun, type SharedRunOptions } from './run.ts';
