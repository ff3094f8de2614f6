import type { RegistryClient } from '../../src/client/index.ts';
import { mediaTypes } from '../../src/oci/index.ts';
import type { Registry } from '../../src/registry/index.ts';
import { all, hello, image } from './talk.ts';

/** One call of each operation, on `team/app`, with what its first request is and what it needs. */
export interface OneCall {
  readonly request: string;
  /** Scopes that a token has to have for it. */
  readonly scopes: readonly string[];
  run(registry: RegistryClient, options: { readonly signal?: AbortSignal }): Promise<unknown>;
}

const r = 'team/app';
const [pull, push, remove] = ['pull', 'pull,push', 'delete'].map(
  (actions) => `repository:${r}:${actions}`,
) as [string, string, string];

export const operations: Readonly<Record<keyof Registry, OneCall>> = {
  getBlob: {
    request: `GET /v2/${r}/blobs/${hello.digest}`,
    scopes: [pull],
    run: (registry, options) => registry.getBlob(r, hello.digest, options),
  },
  getManifest: {
    request: `GET /v2/${r}/manifests/1`,
    scopes: [pull],
    run: (registry, options) => registry.getManifest(r, '1', options),
  },
  resolveBlob: {
    request: `HEAD /v2/${r}/blobs/${hello.digest}`,
    scopes: [pull],
    run: (registry, options) => registry.resolveBlob(r, hello.digest, options),
  },
  resolveManifest: {
    request: `HEAD /v2/${r}/manifests/1`,
    scopes: [pull],
    run: (registry, options) => registry.resolveManifest(r, '1', options),
  },
  pushBlob: {
    request: `POST /v2/${r}/blobs/uploads/`,
    scopes: [push],
    run: (registry, options) => registry.pushBlob(r, hello.descriptor, hello.bytes, options),
  },
  startUpload: {
    request: `POST /v2/${r}/blobs/uploads/`,
    scopes: [push],
    run: (registry, options) => registry.startUpload(r, options),
  },
  mountBlob: {
    request: `POST /v2/${r}/blobs/uploads/?mount=${hello.digest}&from=base`,
    scopes: ['repository:base:pull', push],
    run: (registry, options) => registry.mountBlob(r, hello.digest, 'base', options),
  },
  pushManifest: {
    request: `PUT /v2/${r}/manifests/1`,
    scopes: [push],
    run: (registry, options) =>
      registry.pushManifest(r, image.bytes, { mediaType: mediaTypes.ociManifest, tags: ['1'], ...options }),
  },
  deleteBlob: {
    request: `DELETE /v2/${r}/blobs/${hello.digest}`,
    scopes: [remove],
    run: (registry, options) => registry.deleteBlob(r, hello.digest, options),
  },
  deleteManifest: {
    request: `DELETE /v2/${r}/manifests/1`,
    scopes: [remove],
    run: (registry, options) => registry.deleteManifest(r, '1', options),
  },
  repositories: {
    request: 'GET /v2/_catalog?n=1000',
    scopes: ['registry:catalog:*'],
    run: (registry, options) => all(registry.repositories(options)),
  },
  tags: {
    request: `GET /v2/${r}/tags/list?n=1000`,
    scopes: [pull],
    run: (registry, options) => all(registry.tags(r, options)),
  },
  referrers: {
    request: `GET /v2/${r}/referrers/${image.digest}`,
    scopes: [pull],
    run: (registry, options) => all(registry.referrers(r, image.digest, options)),
  },
};
