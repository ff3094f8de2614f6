/**
 * Our own conformance suite for servers of the OCI distribution specification: raw HTTP against a URL.
 *
 * It asks for all that the official suite asks for, under the same group names, and for what that one leaves out:
 * pages of tags, error bodies and their codes, limits, foreign upload sessions, names and paths, bad documents.
 * Where the official suite takes several answers (202 for a mount, 200 for a range), this one wants the full feature.
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md
 * @see https://github.com/opencontainers/distribution-spec/tree/main/conformance
 */
import { badManifestCases } from './badmanifests.ts';
import { badRequestCases } from './badrequests.ts';
import { blobCases } from './blobs.ts';
import type { Case, Target } from './case.ts';
import { chunkCases } from './chunks.ts';
import { deleteCases } from './deletes.ts';
import { emptyCases } from './empty.ts';
import { errorCases } from './errors.ts';
import { limitCases } from './limits.ts';
import { manifestCases } from './manifests.ts';
import { missingCases } from './missing.ts';
import { mountCases } from './mounts.ts';
import { nameCases } from './names.ts';
import { pingCases } from './ping.ts';
import { pullCases } from './pulls.ts';
import { rangeCases } from './ranges.ts';
import { referrerCases } from './referrers.ts';
import { Registry } from './registry.ts';
import { sessionCases } from './sessions.ts';
import { tagParameterCases } from './tagparameters.ts';
import { tagCases } from './tags.ts';

export type { Case, Target } from './case.ts';

/** The cases for a registry, to be run in this order and one at a time. */
export function conformance(target: Target): Case[] {
  const registry = new Registry(target);
  const groups = [
    pingCases,
    // Before anything is pushed.
    emptyCases,
    blobCases,
    rangeCases,
    mountCases,
    sessionCases,
    chunkCases,
    manifestCases,
    pullCases,
    tagParameterCases,
    referrerCases,
    tagCases,
    missingCases,
    deleteCases,
    errorCases,
    limitCases,
    nameCases,
    badManifestCases,
    badRequestCases,
  ];
  return groups.flatMap((casesOf) => casesOf(registry));
}
