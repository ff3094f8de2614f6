/**
 * JSON as it stands: the order of names and the digits of numbers are kept, and a document may be as large as it likes.
 */
export { canonicalJson } from './canonical.ts';
export { createDocumentReader, pointerOf, type DocumentReader, type Path } from './document-reader.ts';
export { jsonDocuments, readJsonDocuments, type JsonText } from './documents.ts';
export { formatJson, type FormatOptions } from './format.ts';
export { formatPlain, formatText } from './format-text.ts';
export { escapeHtml } from './html.ts';
export { formatMember, formatObject, indent } from './indent.ts';
export { memberStream } from './member-stream.ts';
export { members, type Member } from './members.ts';
export { isOrderedObject, JsonNumber, parseOrdered, type Ordered, type OrderedObject } from './ordered.ts';
export { setIn } from './set-in.ts';
export { createTextStore, detachString, type StoredText, type TextStore } from './text-store.ts';
export { unwrapped } from './unwrap.ts';
export type { TextSource } from './utf8.ts';
