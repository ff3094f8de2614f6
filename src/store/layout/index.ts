/** A registry in a folder of OCI image layouts. */
export { layoutRegistry, singleLayout, type SingleLayout, type SingleLayoutOptions } from './layout.ts';
export type { LayoutOptions } from './repositories.ts';
export type {
  Compatibility,
  ImageName,
  ImageNames,
  ImageQuery,
  LayoutNames,
} from '../../layout-index/index.ts';
export type { Amount, CollectEvent } from './collect-rules.ts';
export { collectGarbage, type Collected, type CollectOptions } from './garbage.ts';
export type { Finding, FindingKind } from './finding.ts';
export { verifyLayout, type VerifyOptions } from './verify.ts';
export { repairableLayout, type RepairableLayout, type RepairableOptions } from './repairable.ts';
