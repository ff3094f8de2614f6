import { realpath, stat } from 'node:fs/promises';
import { Code, ConnectError, type ConnectRouter } from '@connectrpc/connect';
import { printable } from '../../oci/index.ts';
import { RegistryError } from '../../registry/index.ts';
import { FileSync } from '../proto/filesync_pb.ts';
import type { RawCall, RawMethods } from '../session/attachable.ts';
import { serviceError } from '../session/service-error.ts';
import { createFilter, type FileFilter } from './file-filter.ts';
import { followLinks } from './follow.ts';
import { decodedMetadata } from './metadata.ts';
import { sendFolder } from './send-folder.ts';

/** Registers the service; see `fileSync`. */
export function fileSyncRoutes(
  router: ConnectRouter,
  raw: RawMethods,
  folders: ReadonlyMap<string, string>,
): void {
  router.service(FileSync, {});
  raw.set(`/${FileSync.typeName}/${FileSync.method.diffCopy.name}`, async (call) => {
    const name = decodedMetadata(call, 'dir-name')[0] ?? '';
    const path = folders.get(name);
    if (path === undefined) throw new ConnectError(`no access allowed to dir "${name}"`, Code.NotFound);
    try {
      const folder = await realFolder(path);
      await sendFolder(folder, await filterOf(folder, call), call);
    } catch (error) {
      throw serviceError(error, path);
    }
  });
}

/**
 * The real path of a folder whose files are to be sent.
 * @throws {RegistryError} `SETTINGS_INVALID`, if there is none.
 */
async function realFolder(path: string): Promise<string> {
  const found = await stat(path).catch((error: unknown) => {
    throw new RegistryError('SETTINGS_INVALID', `there is no folder ${printable(path, 300)} to send`, {
      cause: error,
    });
  });
  if (!found.isDirectory())
    throw new RegistryError('SETTINGS_INVALID', `${printable(path, 300)} is not a folder`);
  return realpath(path);
}

async function filterOf(folder: string, call: RawCall): Promise<FileFilter> {
  const include = decodedMetadata(call, 'include-patterns');
  const exclude = decodedMetadata(call, 'exclude-patterns');
  const targets = await followLinks(folder, decodedMetadata(call, 'followpaths'));
  // Who asks for the folder itself is given all of it.
  const all = targets !== undefined && include.includes('.');
  return createFilter({ include: all ? [] : [...include, ...(targets ?? [])], exclude });
}
