import { formatPlain } from './format-text.ts';

/** Formatted JSON as it stands deeper in a document, by so many tabs. Texts in it have no line breaks of their own. */
export function indent(json: string, tabs: number): string {
  return json.replaceAll('\n', `\n${'\t'.repeat(tabs)}`);
}

/** A member of an object. @param json of its value, as deep as it stands */
export function formatMember(name: string, json: string): string {
  return `${formatPlain(name)}: ${json}`;
}

/** An object that stands in a document at a depth of so many tabs. @param members with their values one deeper */
export function formatObject(members: readonly string[], tabs: number): string {
  const margin = `\n${'\t'.repeat(tabs)}`;
  return members.length === 0 ? '{}' : `{${margin}\t${members.join(`,${margin}\t`)}${margin}}`;
}
