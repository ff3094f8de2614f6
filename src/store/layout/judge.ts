import { printable, type Digest } from '../../oci/index.ts';
import type { Finding } from './finding.ts';
import type { Inspected } from './inspect.ts';
import { isDocument, type Mention, type Survey } from './survey.ts';

/** What is wrong with a blob that something leads to. */
export function judge(
  survey: Survey,
  digest: Digest,
  { size, fault, invalid }: Omit<Inspected, 'manifest'>,
  repository: string,
): readonly Finding[] {
  const mentions = survey.mentions(digest);
  const [first] = mentions;
  if (first === undefined) return [];
  let names: readonly string[] | undefined;
  const finding = (
    about: Pick<Finding, 'kind' | 'message'> & Partial<Pick<Finding, 'severity'>>,
    mention: Mention = first,
  ): Finding => ({
    severity: 'error',
    ...about,
    repository,
    file: `blobs/${digest.replace(':', '/')}`,
    path: survey.path(mention),
    descriptor: mention.descriptor,
    // Hostile documents have many mentions, and many names.
    names: (names ??= survey.names(digest)),
  });
  if (fault !== undefined)
    return [finding({ ...fault, severity: fault.kind === 'unverifiable' ? 'warning' : 'error' })];
  if (size === undefined) {
    const needed = mentions.find(({ optional }) => !optional);
    if (needed !== undefined) return [finding({ kind: 'missing', message: 'it is missing' }, needed)];
    const subject = mentions.find(({ pointer }) => pointer === '/subject');
    const message = 'the subject of a referrer is not here';
    return subject === undefined ? [] : [finding({ kind: 'missing', severity: 'warning', message }, subject)];
  }
  const findings: Finding[] = [];
  const document = survey.document(digest);
  if (invalid !== undefined)
    findings.push(
      finding(
        { kind: invalid.pointer === '/mediaType' ? 'type' : 'malformed', message: invalid.message },
        document,
      ),
    );
  for (const mention of mentions) {
    const { descriptor } = mention;
    if (descriptor.size !== size)
      findings.push(
        finding({ kind: 'size', message: `it has ${size} bytes, not ${descriptor.size}` }, mention),
      );
    const type = document?.descriptor.mediaType;
    if (isDocument(mention) && type !== undefined && descriptor.mediaType !== type)
      findings.push(
        finding(
          {
            kind: 'type',
            message: `it is called "${printable(descriptor.mediaType)}" here, and "${printable(type)}" elsewhere`,
          },
          mention,
        ),
      );
  }
  return findings;
}
