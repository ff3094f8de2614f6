/** The namespaces of the architectures at Docker Hub, as bashbrew takes them: `arm64v8/alpine` is alpine for arm64v8. */
export const archNamespaces: string = [
  ...[
    'amd64',
    'arm32v5',
    'arm32v6',
    'arm32v7',
    'arm64v8',
    'i386',
    'mips64le',
    'ppc64le',
    'riscv64',
    's390x',
  ].map((arch) => `${arch} = ${arch}`),
  'windows-amd64 = winamd64',
].join(', ');

/**
 * The template by which `bashbrew cat` prints each source for each architecture as a JSON object.
 * @param computed whether to find out, as well, what takes the files of the source and its Dockerfile: they have to have been
 *   fetched, and it takes long
 * @see https://github.com/docker-library/bashbrew for the functions that it calls
 */
export function catTemplate(computed: boolean): string {
  const json = (expression: string): string => `{{ json (${expression}) }}`;
  const ifComputed = (expression: string, otherwise: string): string =>
    computed ? json(expression) : otherwise;
  const entry = formatObject({
    GitRepo: json('$entry.ArchGitRepo $arch'),
    GitFetch: json('$entry.ArchGitFetch $arch'),
    GitCommit: json('$entry.ArchGitCommit $arch'),
    Directory: json('$entry.ArchDirectory $arch'),
    File: json('$entry.ArchFile $arch'),
    Builder: json('$entry.ArchBuilder $arch'),
    SOURCE_DATE_EPOCH: ifComputed('($.ArchGitTime $arch $entry).Unix', 'null'),
  });
  const fields = formatObject({
    tags: json('$.Tags namespace false $entry'),
    archTags: `{{ with archNamespace $arch }}${json('$.Tags . false $entry')}{{ else }}[]{{ end }}`,
    froms: ifComputed('$.ArchDockerFroms $arch $entry', '[]'),
    lastStageFrom: ifComputed('$.ArchLastStageFrom $arch $entry', 'null'),
    platformString: json('(ociPlatform $arch).String'),
    platform: json('ociPlatform $arch'),
    parents: '{}',
  });
  // What a source is known by: what is in it, and how it is built.
  const sourceId = 'join "\\n" $sum ($entry.ArchFile $arch) ($entry.ArchBuilder $arch) "" | sha256sum';
  const source = formatObject({
    sourceId: ifComputed(sourceId, 'null'),
    reproducibleGitChecksum: ifComputed('$sum', 'null'),
    entries: `[ ${entry} ]`,
    arches: `{ ${json('$arch')}: ${fields} }`,
  });
  const sum = computed ? '{{ $sum := $.ArchGitChecksum $arch $entry }}' : '';
  return (
    '{{ range $entry := .SortedEntries false }}{{ range $arch := $entry.Architectures }}' +
    `${sum}${source}\n{{ end }}{{ end }}`
  );
}

/** The spaces keep the braces of the object apart from those of the template. */
function formatObject(members: Readonly<Record<string, string>>): string {
  const texts = Object.entries(members).map(([name, value]) => `${JSON.stringify(name)}: ${value}`);
  return `{ ${texts.join(', ')} }`;
}
