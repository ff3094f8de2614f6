import { tagsOf, type ListedBuild } from '../listed/listed-build.ts';
import { sbomRepositories } from './sbom-repositories.ts';

/** Where the scanner of images runs. */
const SCANNER = new Set(['amd64', 'arm32v5', 'arm32v7', 'arm64v8', 'i386', 'ppc64le', 'riscv64', 's390x']);

/** The one repository of which images are signed. */
const SIGNED = 'notary';

/** Whether a build is to come with a bill of its materials. */
export function needsSbom(build: ListedBuild): boolean {
  return (
    SCANNER.has(build.arch) && repositoriesOf(build).some((repository) => sbomRepositories.has(repository))
  );
}

/** Whether a build is to be signed. */
export function needsSignature(build: ListedBuild): boolean {
  return build.arch === 'amd64' && repositoriesOf(build).includes(SIGNED);
}

function repositoriesOf(build: ListedBuild): readonly string[] {
  return tagsOf(build).map((tag) => tag.split(':', 1)[0] ?? '');
}
