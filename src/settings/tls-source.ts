import { dirname, resolve } from 'node:path';
import type { TlsSettings, TlsSource } from '../transport/index.ts';
import { readCertificateFolder } from './certificate-folder.ts';
import type { TlsFiles } from './file.ts';
import { readBytes } from './read-file.ts';

/** What one place says of an origin. */
export interface TlsLayer {
  readonly files: TlsFiles;
  /** File and place in it, for messages. */
  readonly where: string;
}

export interface TlsSourceOptions {
  /** The file of settings, which names are relative to; undefined where there is none, and so no layer. */
  readonly file: string | undefined;
  /** Folders with certificates for hosts. */
  readonly folders: readonly string[];
  /** What is said of an origin: of several, the first one that says something of a field counts. */
  readonly layersOf: (origin: string) => readonly TlsLayer[];
  /** What counts where neither the layers nor the folders say anything. */
  readonly defaults: TlsLayer | undefined;
}

/**
 * Reads what is set for an origin, when it is first connected to.
 * @throws {RegistryError} `SETTINGS_INVALID`.
 */
export function createTlsSource({ file, folders, layersOf, defaults }: TlsSourceOptions): TlsSource {
  const read = async (name: string, where: string): Promise<string> =>
    Buffer.from(await readBytes(resolve(dirname(file ?? '.'), name), where)).toString();
  return async (origin): Promise<TlsSettings> => {
    const layers = layersOf(origin);
    const [ca] = layers.filter(({ files }) => files.ca !== undefined);
    const [client] = layers.filter(({ files }) => files.clientCertificate !== undefined);
    const [trusting] = layers.filter(({ files }) => files.skipTlsVerification !== undefined);
    const known =
      ca !== undefined && client !== undefined
        ? {}
        : await readCertificateFolder(folders, new URL(origin).host);

    const readCa = async (layer: TlsLayer | undefined): Promise<readonly string[] | undefined> =>
      layer?.files.ca === undefined ? undefined : [await read(layer.files.ca, `${layer.where}/ca`)];
    const authorities = (await readCa(ca)) ?? known.ca ?? (await readCa(defaults));

    const names = client?.files.clientCertificate;
    const where = `${client?.where}/clientCertificate`;
    const clientCertificate =
      names === undefined
        ? known.clientCertificate
        : {
            certificate: await read(names.certificate, `${where}/certificate`),
            key: await read(names.key, `${where}/key`),
          };
    return {
      ...(authorities !== undefined && { ca: authorities }),
      ...(clientCertificate !== undefined && { clientCertificate }),
      ...(trusting?.files.skipTlsVerification === true && { insecure: true }),
    };
  };
}
