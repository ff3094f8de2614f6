import { Invalid, printable } from '../../oci/index.ts';

/** The fields of `type=local,dest=out`: by their names, which are in small letters. */
export type Fields = Readonly<Record<string, string>>;

/**
 * Reads `NAME=VALUE,…`, as Docker's flags have it: a field with a comma or a quote in it stands in quotes, where a quote
 * is doubled.
 * @param flag what it is given to, for the error
 * @throws {Invalid} subject `context`.
 */
export function parseFields(flag: string, text: string): Fields {
  const fields: Record<string, string> = {};
  for (const field of splitFields(flag, text)) {
    const equals = field.indexOf('=');
    if (equals < 1) throw invalid(flag, text, `"${printable(field)}" is not NAME=VALUE`);
    fields[field.slice(0, equals).trim().toLowerCase()] = field.slice(equals + 1);
  }
  return fields;
}

/** Whether a field, or a variable of the environment, says yes, as programs in Go read it. */
export function isTrue(text: string | undefined): boolean {
  return /^(?:1|t|true)$/i.test(text ?? '');
}

/** Writes fields as `parseFields` reads them. */
export function formatFields(fields: Fields): string {
  const texts = Object.entries(fields).map(([name, value]) => `${name}=${value}`);
  return texts.map((text) => (/[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)).join(',');
}

/** Takes `NAME=VALUE` apart. @throws {Invalid} subject `context`, if there is no name. */
export function parsePair(flag: string, text: string): readonly [name: string, value: string] {
  const equals = text.indexOf('=');
  if (equals < 1) throw invalid(flag, text, 'want NAME=VALUE');
  return [text.slice(0, equals), text.slice(equals + 1)];
}

function splitFields(flag: string, text: string): readonly string[] {
  const fields: string[] = [];
  for (let rest: string | undefined = text; rest !== undefined;) {
    const match: RegExpExecArray | null = rest.startsWith('"')
      ? /^"((?:[^"]|"")*)"(?:,|$)/.exec(rest)
      : /^([^",]*)(?:,|$)/.exec(rest);
    if (match === null) throw invalid(flag, text, 'a quote is out of place');
    fields.push((match[1] ?? '').replaceAll('""', '"'));
    rest = match[0].endsWith(',') ? rest.slice(match[0].length) : undefined;
  }
  return fields;
}

function invalid(flag: string, text: string, why: string): Invalid {
  return new Invalid('context', `--${flag} ${printable(text, 200)}: ${why}`);
}
