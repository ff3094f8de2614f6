import { uploadsTo, type Registry } from '../../registry/index.ts';
import { onDisk } from './failure.ts';
import { createIncomingFile, type IncomingFile } from './file/incoming-file.ts';
import { checkIsOurs } from './find.ts';
import type { Holdings } from './holdings/holdings.ts';

/** Uploads live as long as the registry object: nobody else knows of the folder that they are in. */
export function uploadOperations(holdings: Holdings): Pick<Registry, 'startUpload'> {
  const { file, staging } = holdings;
  return uploadsTo<IncomingFile>({
    async begin(repository) {
      checkIsOurs(holdings, repository);
      return createIncomingFile(staging, file);
    },
    keep: (_, digest, { path, size }) => onDisk(file, () => holdings.keep(digest, path, size)),
  });
}
