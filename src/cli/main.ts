import { version } from '../version.ts';

// Answered before anything is loaded: scripts ask for it often.
if (process.argv.length === 3 && (process.argv[2] === '--version' || process.argv[2] === '-v')) {
  process.stdout.write(`${version}\n`);
} else {
  const { main } = await import('./run.ts');
  await main();
}
