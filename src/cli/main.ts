import module from 'node:module';
import { join } from 'node:path';
import { version } from '../version.ts';

// Answered before anything is loaded: scripts ask for it often.
if (process.argv.length === 3 && (process.argv[2] === '--version' || process.argv[2] === '-v')) {
  process.stdout.write(`${version}\n`);
} else {
  // From Node 22.1 on, what was compiled once is kept for the next start.
  // In a folder of the user's own: the default is one that anybody on the machine could have made before.
  if ('enableCompileCache' in module) {
    const { cacheFolder } = await import('../disk/index.ts');
    (module.enableCompileCache as (folder: string) => void)(join(cacheFolder(), 'compile'));
  }
  const { main } = await import('./run.ts');
  await main();
}
