/** Whether a text can mean nothing but a path: it begins with a slash, a dot and a slash, a drive, or is a dot. */
export function isPath(text: string): boolean {
  return /^(?:\.{1,2}|~)?[/\\]/.test(text) || /^[A-Za-z]:[/\\]/.test(text) || text === '.' || text === '..';
}
