/** What is wrong with images and indexes: every problem, with its place in the document. */
export { validateDocument, type DocumentOptions } from './document.ts';
export { validateImage, type ValidateOptions } from './image.ts';
export { validateLayout } from './layout.ts';
export { folderFiles, type LayoutFile, type LayoutFiles } from './layout-files.ts';
export { hasErrors, type Problem, type Strictness } from './problem.ts';
export type { LayerCare } from './reader.ts';
export type { DocumentKind, RuleOptions } from './rule-options.ts';
