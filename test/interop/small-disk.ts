import { mkdir } from 'node:fs/promises';
import { attempt } from './processes.ts';
import type { Stage } from './stage.ts';

/** A disk of one MiB, in memory. Undefined where none can be mounted, which is told. */
export async function smallDisk(stage: Stage): Promise<string | undefined> {
  const disk = stage.newFolder('disk');
  await mkdir(disk);
  const options = ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk];
  const mounted = await attempt('mount', options).catch(() => undefined);
  if (mounted?.code === 0) {
    stage.onClose(() => attempt('umount', [disk]));
    return disk;
  }
  console.log('skipped: no tmpfs can be mounted here');
  return undefined;
}
