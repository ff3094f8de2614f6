import { isOrderedObject } from '../../json/index.ts';
import type { ListedBuild } from './listed-build.ts';

/**
 * Windows Server by the builds of its kernel, as far as GitHub has machines with it.
 * @see https://learn.microsoft.com/en-us/virtualization/windowscontainers/deploy-containers/base-image-lifecycle
 */
const RELEASES: ReadonlyMap<string, string> = new Map([
  ['26100', '2025'],
  ['20348', '2022'],
  ['17763', '2019'],
]);

/**
 * The release of Windows that a build needs, by what it rests on: an image runs on no other than its own.
 * @returns `unknown` for other releases; undefined for what is not for Windows.
 */
export function windowsVersionOf({ at }: ListedBuild): string | undefined {
  const version = systemVersion();
  if (!version) return undefined;
  // The jq program of meta-scripts passes over versions of another form, and with them over their builds.
  const kernel = /^10\.0\.(\d+)(?:\.|$)/.exec(version)?.[1];
  return RELEASES.get(kernel ?? '') ?? 'unknown';

  /** That of the first parent that has one. */
  function systemVersion(): string | undefined {
    for (const name of at.findObject('build', 'resolvedParents')?.keys() ?? []) {
      const list = ['build', 'resolvedParents', name, 'manifests'];
      const manifests = at.find(...list);
      if (!Array.isArray(manifests)) continue;
      for (const [number] of manifests.entries()) {
        const platform = at.find(...list, number, 'platform');
        if (isOrderedObject(platform) && platform.has('os.version'))
          return at.findText(...list, number, 'platform', 'os.version');
      }
    }
    return undefined;
  }
}
