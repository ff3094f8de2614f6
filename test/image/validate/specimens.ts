/** One good index, image, attestation and config, to be spoilt. */
import { digestOf } from '../../../src/oci/index.ts';

/** Good documents, as plain objects. */
export type Specimen = 'index' | 'image' | 'attestation' | 'config' | 'layout';

const OCI = 'application/vnd.oci.image';
const digest = (name: string): string => digestOf(Buffer.from(name));

export const specimens: Readonly<Record<Specimen, object>> = {
  index: {
    schemaVersion: 2,
    mediaType: `${OCI}.index.v1+json`,
    manifests: [
      {
        mediaType: `${OCI}.manifest.v1+json`,
        digest: digest('image'),
        size: 1234,
        platform: { os: 'linux', architecture: 'arm64', variant: 'v8' },
        annotations: { 'org.opencontainers.image.version': '1' },
      },
      {
        mediaType: `${OCI}.manifest.v1+json`,
        digest: digest('attestation'),
        size: 840,
        platform: { os: 'unknown', architecture: 'unknown' },
        annotations: {
          'vnd.docker.reference.type': 'attestation-manifest',
          'vnd.docker.reference.digest': digest('image'),
        },
      },
    ],
    annotations: { 'org.opencontainers.image.title': 'a specimen' },
  },
  image: {
    schemaVersion: 2,
    mediaType: `${OCI}.manifest.v1+json`,
    config: { mediaType: `${OCI}.config.v1+json`, digest: digest('config'), size: 300 },
    layers: [
      { mediaType: `${OCI}.layer.v1.tar+gzip`, digest: digest('layer'), size: 5000 },
      { mediaType: `${OCI}.layer.v1.tar`, digest: digest('another'), size: 0 },
    ],
  },
  attestation: {
    schemaVersion: 2,
    mediaType: `${OCI}.manifest.v1+json`,
    artifactType: 'application/vnd.docker.attestation.manifest.v1+json',
    config: { mediaType: `${OCI}.config.v1+json`, digest: digest('config'), size: 167 },
    layers: [
      {
        mediaType: 'application/vnd.in-toto+json',
        digest: digest('statement'),
        size: 2000,
        annotations: { 'in-toto.io/predicate-type': 'https://slsa.dev/provenance/v0.2' },
      },
    ],
    subject: { mediaType: `${OCI}.manifest.v1+json`, digest: digest('image'), size: 1234 },
  },
  config: {
    architecture: 'arm64',
    variant: 'v8',
    os: 'linux',
    created: '2024-02-29T12:00:00Z',
    config: { Cmd: ['sh'] },
    rootfs: { type: 'layers', diff_ids: [digest('files'), digest('more files')] },
    history: [
      { created: '2024-02-29T12:00:00.123+01:00', created_by: 'ADD' },
      { created_by: 'ENV', empty_layer: true, comment: 'none' },
      { created_by: 'COPY' },
    ],
  },
  layout: { imageLayoutVersion: '1.0.0' },
};

/** What is done to a specimen: the value at each pointer is replaced, or taken away where it is undefined. */
export type Change = Readonly<Record<string, unknown>>;

/** A specimen that something was done to. */
export function spoilt(specimen: Specimen, change: Change): object {
  const document = structuredClone(specimens[specimen]);
  for (const [pointer, value] of Object.entries(change)) {
    const path = pointer
      .split('/')
      .slice(1)
      .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'));
    const last = path.pop() as string;
    let parent = document as Record<string, unknown>;
    for (const name of path) parent = parent[name] as Record<string, unknown>;
    if (value === undefined) delete parent[last];
    else parent[last] = value;
  }
  return document;
}
