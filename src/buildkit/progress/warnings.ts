import { sourceExcerpt } from './source-excerpt.ts';
import type { VertexWarning } from './status.ts';

/**
 * What was found fault with, to stand after a build. Empty if nothing was.
 * @param options `details` adds what to do about it, and the lines that are meant
 */
export function formatWarnings(
  warnings: readonly VertexWarning[],
  { details = false }: { readonly details?: boolean } = {},
): string {
  if (warnings.length === 0) return '';
  const decoder = new TextDecoder();
  const entries = warnings.map(({ short, detail, url, info, ranges }) => {
    const line = ` - ${decoder.decode(short)}\n`;
    if (!details) return line;
    return [
      line,
      ...detail.map((text) => `${decoder.decode(text)}\n`),
      ...(url === '' ? [] : [`More info: ${url}\n`]),
      ...(info === undefined
        ? []
        : [
            sourceExcerpt({
              filename: info.filename,
              text: decoder.decode(info.data),
              lines: ranges.map(({ start, end }) => ({ start: start?.line ?? 0, end: end?.line ?? 0 })),
            }),
          ]),
      '\n',
    ].join('');
  });
  const count = warnings.length === 1 ? '1 warning' : `${warnings.length} warnings`;
  return `\n ${count} found:\n${entries.join('')}`;
}
