import { OWN_REPOSITORY } from '../../place/index.ts';
import { printable } from '../../oci/index.ts';
import { verifyLayout, type Finding } from '../../store/layout/index.ts';
import { print, say, type Context } from '../context.ts';
import { counted } from '../counted.ts';
import { exitCodes } from '../exit-code.ts';
import { createProgress } from '../report/progress.ts';
import { formatSize } from '../size.ts';
import { checkFolder, failIn } from './words.ts';

/** `stowage layout verify DIR`: a line for each problem on standard output, the sum on standard error. */
export async function verify(
  this: Context,
  { json = false }: { readonly json?: boolean },
  directory: string,
): Promise<void> {
  const progress = createProgress(this, { name: 'verifying', unit: 'bytes' });
  const hashed = { count: 0, size: 0 };
  const found = { error: 0, warning: 0 };
  try {
    await checkFolder(directory);
    const findings = verifyLayout(directory, {
      signal: this.signal,
      onBlob: ({ size }) => {
        hashed.count++;
        hashed.size += size;
        progress.advance(size);
      },
    });
    for await (const finding of findings) {
      found[finding.severity]++;
      print(this, json ? JSON.stringify(finding) : lineOf(finding));
    }
    progress.end();
    const problems =
      found.error + found.warning === 0
        ? 'nothing is wrong'
        : `${counted(found.error, 'error')}, ${counted(found.warning, 'warning')}`;
    say(this, `hashed ${counted(hashed.count, 'blob')}, ${formatSize(hashed.size)}: ${problems}`);
    if (found.error > 0) this.process.exitCode = exitCodes.verificationFailed;
  } catch (error) {
    failIn(this, directory, error);
  } finally {
    progress.end();
  }
}

/** `blobs/sha256/…: error: missing: it is missing; by index.json/manifests/0 sha256:…/layers/1 (v1)` */
export function lineOf({ path, severity, message, file, names, repository, kind }: Finding): string {
  const where = path.length === 0 || path[0] === file ? [] : path;
  const inside = repository === OWN_REPOSITORY ? '' : `${repository}: `;
  const of = names.length === 0 ? '' : ` (${names.map((name) => printable(name, 200)).join(', ')})`;
  const way = where.length === 0 ? '' : `; by ${where.join(' ')}`;
  return `${inside}${printable(file, 300)}: ${severity}: ${kind}: ${message}${way}${of}`;
}
