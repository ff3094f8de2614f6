import { annotations as keys, type Annotations, type Descriptor, type Platform } from '../oci/index.ts';

/** What is known of an index's entry beyond what it says itself. */
export interface EntryFacts {
  /** Where it is to be found, as a reference. */
  readonly name: string;
  readonly platform: Platform | undefined;
  /** As the Docker Official Images call it, if they build for it. */
  readonly architecture: string | undefined;
}

/** An entry of a synthesized index. */
export function describeEntry(entry: Descriptor, { name, platform, architecture }: EntryFacts): Descriptor {
  // What others say about our architectures is not believed, as it costs nothing to say it afresh.
  const { [keys.bashbrewArch]: _, ...rest } = entry.annotations ?? {};
  const annotations = sortAnnotations({
    ...rest,
    ...(architecture !== undefined && { [keys.bashbrewArch]: architecture }),
    [keys.refName]: name,
  });
  return compose(entry, annotations, platform);
}

/** The subject of an index, which is passed on as it is. */
export function describeSubject(subject: Descriptor): Descriptor {
  const { annotations, platform } = subject;
  return compose(
    subject,
    annotations == null ? {} : sortAnnotations(annotations),
    platform == null ? undefined : composePlatform(platform),
  );
}

/** Annotations in the order of their names. */
export function sortAnnotations(annotations: Annotations): Annotations {
  return Object.fromEntries(Object.entries(annotations).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * A descriptor with its fields in the order in which Go writes them: those that are known, and not empty. Embedded data
 * is left out: it may be large.
 */
function compose(
  { mediaType, digest, size, urls, artifactType }: Descriptor,
  annotations: Annotations,
  platform: Platform | undefined,
): Descriptor {
  return {
    mediaType,
    digest,
    size,
    ...(urls?.length && { urls }),
    ...(Object.keys(annotations).length > 0 && { annotations }),
    ...(platform !== undefined && { platform }),
    ...(artifactType && { artifactType }),
  };
}

/** The same for a platform. Its two first fields are written even where they are empty. */
function composePlatform(platform: Partial<Platform>): Platform {
  const { architecture = '', os = '', 'os.version': version, 'os.features': features, variant } = platform;
  return {
    architecture,
    os,
    ...(version && { 'os.version': version }),
    ...(features?.length && { 'os.features': features }),
    ...(variant && { variant }),
  };
}
