/** A process of its own that opens a page of a log: says what it finds there, keeps something, and stays at it. */
import { writeSync } from 'node:fs';
import { uploadFiles } from '../../src/client/upload-files.ts';
import type { UploadKey } from '../../src/client/upload-log.ts';

const [folder = '', key = ''] = process.argv.slice(2);
const page = await uploadFiles(folder).open(JSON.parse(key) as UploadKey);
await page.keep(`${page.id ?? 'nothing'}, taken`);
writeSync(1, `${page.id ?? 'nothing'}\n`);
// Until it is killed, or the test is gone.
process.stdin.resume().on('end', () => void page.close());
