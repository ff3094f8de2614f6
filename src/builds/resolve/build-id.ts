import { hash } from 'node:crypto';
import type { Digest } from '../../oci/index.ts';
import { escapeHtml, formatPlain } from '../../json/index.ts';

/** What makes one build differ from another. */
export interface BuildParts {
  readonly sourceId: string;
  readonly arch: string;
  /** Each parent by its name in the source, with the digest of the image that it is now; in the source's order. */
  readonly parents: ReadonlyMap<string, Digest>;
}

/**
 * The id of a build: the SHA-256 of its parts as JSON, written as Go does, and a line break behind it.
 * @returns 64 hexadecimal digits
 * @see https://github.com/docker-library/meta-scripts/blob/main/cmd/builds/main.go
 */
export function buildIdOf({ sourceId, arch, parents }: BuildParts): string {
  const members = [...parents].map(([from, digest]) => `${formatPlain(from)}:${formatPlain(digest)}`);
  const json = escapeHtml(
    `{"sourceId":${formatPlain(sourceId)},"arch":${formatPlain(arch)},"parents":{${members.join(',')}}}`,
  );
  return hash('sha256', `${json}\n`, 'hex');
}
