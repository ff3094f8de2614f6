/** Writes `<`, `>`, `&` and the separators of lines in a JSON text as escapes, as Go does: they can stand in strings alone. */
export function escapeHtml(json: string): string {
  return json.replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
