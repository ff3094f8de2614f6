/**
 * The fields of one line of comma-separated values, as Docker's flags have them: `"` around a field that has commas, and
 * two of them for one inside.
 * @see https://www.rfc-editor.org/rfc/rfc4180
 */
export function csvFields(text: string): readonly string[] {
  const fields: string[] = [];
  let field = '';
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] ?? '';
    if (quoted && character === '"' && text[at + 1] === '"') {
      field += '"';
      at += 1;
    } else if (character === '"' && (quoted || field === '')) {
      quoted = !quoted;
    } else if (character === ',' && !quoted) {
      fields.push(field);
      field = '';
    } else field += character;
  }
  return [...fields, field];
}
