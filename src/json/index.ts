/** JSON text as it stands: the order of names and the digits of numbers are kept, and one document may be as large as it likes. */
export { jsonDocuments, type JsonText } from './documents.ts';
export { formatJson, type FormatOptions } from './format.ts';
export { formatPlain, formatText } from './format-text.ts';
export { members, type Member } from './members.ts';
export { isOrderedObject, JsonNumber, parseOrdered, type Ordered } from './ordered.ts';
