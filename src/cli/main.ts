import module from 'node:module';
import { version } from '../version.ts';

// Answered before anything is loaded: scripts ask for it often.
if (process.argv.length === 3 && (process.argv[2] === '--version' || process.argv[2] === '-v')) {
  process.stdout.write(`${version}\n`);
} else {
  // From Node 22.1 on, what was compiled once is kept for the next start.
  if ('enableCompileCache' in module) (module.enableCompileCache as () => void)();
  const { main } = await import('./run.ts');
  await main();
}
