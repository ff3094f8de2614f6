import { expect } from 'vitest';
import { registryClient, type ClientOptions, type RegistryClient } from '../../src/client/index.ts';
import { digestOf, mediaTypes, type Descriptor } from '../../src/oci/index.ts';
import { isRegistryError, type RegistryError } from '../../src/registry/index.ts';
import { scripted, type Exchange, type Script } from '../../src/testing/index.ts';

/** A client, and the script of what it talks with its registry. */
export interface Talk extends Script {
  readonly registry: RegistryClient;
}

/** Without retries, unless they are wanted: tables say what is sent, and nobody waits for what is not shown. */
export function talk(exchanges: readonly Exchange[], options: ClientOptions = {}): Talk {
  const script = scripted(exchanges);
  const registry = registryClient('registry.test', { transport: script.transport, retries: 0, ...options });
  return { ...script, registry };
}

/** Does something with a registry that answers by a table, and checks that all of the table was played. */
export async function during<T>(
  exchanges: readonly Exchange[],
  act: (registry: RegistryClient) => Promise<T>,
  options: ClientOptions = {},
): Promise<T> {
  const { registry, done } = talk(exchanges, options);
  const result = await act(registry).catch((error: unknown) => {
    if (!isRegistryError(error)) throw error;
    done();
    throw error;
  });
  done();
  return result;
}

/** The `RegistryError` that something fails with. */
export async function failure(promise: Promise<unknown>): Promise<RegistryError> {
  const error: unknown = await promise.then(
    (value) => expect.unreachable(`wanted a failure, got ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  if (!isRegistryError(error)) throw error;
  return error;
}

/** All that a list gives. */
export async function all<T>(list: AsyncIterable<T>): Promise<readonly T[]> {
  const items: T[] = [];
  for await (const item of list) items.push(item);
  return items;
}

/** Bytes with their descriptor. */
export interface Thing {
  readonly bytes: Uint8Array;
  readonly descriptor: Descriptor;
  readonly digest: Descriptor['digest'];
}

export function blob(text: string, algorithm: 'sha256' | 'sha512' = 'sha256'): Thing {
  return thing(Buffer.from(text), mediaTypes.octetStream, algorithm);
}

export function manifest(
  document: object,
  mediaType: string = mediaTypes.ociManifest,
  algorithm: 'sha256' | 'sha512' = 'sha256',
): Thing {
  return thing(
    Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, ...document })),
    mediaType,
    algorithm,
  );
}

function thing(bytes: Uint8Array, mediaType: string, algorithm: 'sha256' | 'sha512'): Thing {
  const digest = digestOf(bytes, algorithm);
  return { bytes, digest, descriptor: { mediaType, digest, size: bytes.length } };
}

export const hello: Thing = blob('hello');
export const config: Thing = blob('{}');
export const image: Thing = manifest({ config: config.descriptor, layers: [hello.descriptor] });
export const index: Thing = manifest({ manifests: [image.descriptor] }, mediaTypes.ociIndex);
export const signature: Thing = manifest({
  artifactType: 'application/vnd.test.signature',
  config: config.descriptor,
  layers: [],
  subject: image.descriptor,
});
