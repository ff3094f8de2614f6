import type { ClientEvent } from '../client/index.ts';
import type { CacheEvent } from '../wrap/cache/index.ts';
import type { MirrorEvent } from '../wrap/mirror/index.ts';

/** What is told while registries are talked to, kept from being asked, or stood in for. */
export type PlaceEvent = ClientEvent | CacheEvent | MirrorEvent;
