export { deploy } from './deploy.ts';
export { formatDocument, type DeployDocument, type PlacedDocument } from './document.ts';
export type { Deployed, DeployOptions, DeployStep, DeployWant, PlanStage } from './options.ts';
export { parseDocument } from './parse-document.ts';
export { pendingDocuments } from './pending.ts';
export { planDeploy, type PlanDeployOptions } from './plan.ts';
export { readDocuments } from './read-documents.ts';
