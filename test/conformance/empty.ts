/**
 * Lists of a repository where nothing was pushed yet: no tags, or no such repository; but referrers always, if none.
 * These run first. On a repository that is not untouched they ask less.
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-referrers
 */
import { refused } from './answer.ts';
import { group, type Case } from './case.ts';
import { randomContent, word } from './content.ts';
import { readReferrers } from './referrers.ts';
import type { Registry } from './registry.ts';
import { readTags } from './taglist.ts';

export function emptyCases(registry: Registry): Case[] {
  return group('empty', {
    'tag list': async () => {
      const answer = await registry.tags(registry.one);
      if (answer.status === 404) refused(answer, [404], ['NAME_UNKNOWN']);
      else readTags(answer, registry.one);
    },
    referrers: () => noReferrers(registry, registry.one, randomContent(32).digest),
    'referrers of a sha512 digest': () =>
      noReferrers(registry, registry.one, randomContent(32, 'sha512').digest),
    'referrers in a repository that does not exist': () =>
      noReferrers(registry, `${registry.one}/${word()}`, randomContent(32).digest),
  });
}

async function noReferrers(registry: Registry, repository: string, subject: string): Promise<void> {
  readReferrers(await registry.referrers(repository, subject), []);
}
