import type { Registry } from '../registry.ts';

/** One thing that every registry does. */
export interface ContractCase {
  /** `blobs: a range of a blob` */
  readonly name: string;
  /** @param registry one that is empty. @throws when the registry does not do it. */
  run(registry: Registry): Promise<void>;
}

/** Cases of one subject. */
export function cases(
  subject: string,
  table: Readonly<Record<string, (registry: Registry) => Promise<void>>>,
): readonly ContractCase[] {
  return Object.entries(table).map(([name, run]) => ({ name: `${subject}: ${name}`, run }));
}
