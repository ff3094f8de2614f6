import { basename } from 'node:path';
import { replaceFile } from '../../disk/index.ts';
import { canonicalManifest, hasErrors, validateDocument } from '../../image/index.ts';
import { formatJson, isOrderedObject, parseOrdered } from '../../json/index.ts';
import { Invalid } from '../../oci/index.ts';
import { print, say, type Context } from '../context.ts';
import { exitCodes } from '../exit-code.ts';
import { misuse } from '../failure.ts';
import { chunksOf, inFile } from '../input.ts';
import { lineOf, report, summary } from './report.ts';

export interface FileFlags {
  readonly official?: boolean;
  readonly layers?: boolean;
  readonly json?: boolean;
  readonly fix?: boolean;
}

/** In bytes. Registries take 4 MiB. */
const LONGEST = 64 * 1024 * 1024;

/**
 * Validates one document by itself, and writes it in the canonical order if that is wanted.
 * @param path `-` for standard input
 * @throws {Invalid} for what is no JSON document.
 */
export async function validateFile(context: Context, path: string, flags: FileFlags): Promise<void> {
  if (flags.layers) return misuse(context, `${path}: --layers is for images in a registry or a layout`);
  const bytes = await inFile(path, 'document', () => readBytes(context, path));
  const options = { official: flags.official ?? false, platformsOptional: basename(path) === 'index.json' };
  const problems = await inFile(path, 'document', async () => validateDocument(bytes, options));
  const outcome = { target: path, problems, nameOf: () => path };
  if (!flags.fix) return report(context, flags, outcome);
  // Standard output is for the document.
  for (const problem of problems) say(context, lineOf(problem, path));
  if (hasErrors(problems)) {
    say(context, `${path}: ${summary(problems)}; nothing was written`);
    context.process.exitCode = exitCodes.verificationFailed;
    return;
  }
  await inFile(path, 'document', () => fix(context, path, new TextDecoder().decode(bytes)));
}

async function fix(context: Context, path: string, text: string): Promise<void> {
  const document = parseOrdered(text);
  if (!isOrderedObject(document) || !(document.has('manifests') || document.has('layers')))
    throw new Invalid('document', 'there is a canonical order for indexes and manifests alone');
  const canonical = formatJson(canonicalManifest(document));
  if (path === '-') return print(context, canonical);
  const changed = `${canonical}\n` !== text;
  if (changed) await replaceFile(path, `${canonical}\n`);
  say(context, `${path}: ${changed ? 'written in the canonical order' : 'is in the canonical order'}`);
}

async function readBytes(context: Context, path: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunksOf(context, path)) {
    size += chunk.length;
    if (size > LONGEST) throw new Invalid('json', `longer than ${LONGEST} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
