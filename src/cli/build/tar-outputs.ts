import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { Daemon, TarOutput } from '../../buildkit/index.ts';
import { makeFolder, replaceFile } from '../../disk/index.ts';
import type { Places } from '../../place/index.ts';
import type { Options } from '../../registry/index.ts';
import { mergeRegistries, registryOutput, type Outputs } from './outputs.ts';

/** Outputs of which this process writes the tars of images, where the builder does not. */
export interface WithTars extends Outputs {
  /** Brings the tars to where they go, once all places have what was written into them. */
  finish(): Promise<void>;
  /** Takes away what was made for them. */
  close(): Promise<void>;
}

/** An image as a tar, which the builder is asked for. */
type ImageTar = TarOutput & { readonly type: 'oci' | 'docker' };

/**
 * Makes archives of this process of the tars of images, for a Docker engine that keeps images by graph drivers: it writes
 * none. Others are left to write them.
 */
export async function writeTars(
  daemon: Daemon,
  places: Places,
  { outputs, copies }: Outputs,
  options: Options,
): Promise<WithTars> {
  const tars = outputs.filter((one): one is ImageTar => one.type === 'oci' || one.type === 'docker');
  const asked =
    tars.length > 0 && daemon.kind === 'docker' && (await daemon.info(options)).imageStore === 'graphdriver';
  if (!asked) return { outputs, copies, finish: async () => {}, close: async () => {} };

  const made: { readonly folder: string; readonly file: string; readonly tar: ImageTar }[] = [];
  const close = async (): Promise<void> => {
    for (const { folder } of made) await rm(folder, { recursive: true, force: true });
  };
  try {
    for (const tar of tars) {
      const folder = await folderFor(tar);
      made.push({ folder, file: join(folder, 'image.tar'), tar });
    }
    const others = outputs.filter((one) => one.type !== 'registry' && !tars.some((tar) => tar === one));
    const registries = mergeRegistries([
      ...outputs.filter((one) => one.type === 'registry'),
      ...copies,
      ...made.flatMap(({ file, tar: { type, names = [], attrs = {} } }) =>
        (names.length === 0 ? [''] : names).map((name) => ({
          ...registryOutput(places, `${type}-archive:${file}${name === '' ? '' : `::${name}`}`),
          attrs: { ...(type === 'docker' && { 'oci-mediatypes': 'false' }), ...attrs },
        })),
      ),
    ]);
    return {
      outputs: [...others, ...registries.slice(0, 1)],
      copies: registries.slice(1),
      async finish() {
        for (const { file, tar } of made) {
          const bytes = createReadStream(file, { highWaterMark: 1024 * 1024 });
          if (typeof tar.to === 'string') await replaceFile(tar.to, bytes);
          else await tar.to(bytes);
        }
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A folder for a tar that is being made: beside the file, where there should be room for it. */
async function folderFor({ to }: TarOutput): Promise<string> {
  const beside = typeof to === 'string' ? dirname(resolve(to)) : tmpdir();
  await makeFolder(beside);
  return mkdtemp(join(beside, '.stowage-'));
}
