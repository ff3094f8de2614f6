import { RegistryError } from '../registry/index.ts';

const PACKAGES = ['@connectrpc/connect', '@connectrpc/connect-node', '@bufbuild/protobuf'] as const;

/**
 * Loads what stands on the packages for gRPC. They are optional peers: who builds nothing need not install them.
 * @throws {RegistryError} `UNSUPPORTED`, if one of them is not installed.
 */
export async function withPeers<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'ERR_MODULE_NOT_FOUND' || !PACKAGES.some((name) => message.includes(name))) throw error;
    const needs = `building with BuildKit needs packages that are not installed: npm install ${PACKAGES.join(' ')}`;
    throw new RegistryError('UNSUPPORTED', needs, { cause: error });
  }
}
