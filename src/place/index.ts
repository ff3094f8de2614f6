/** From a reference to the registry that it means: the one room that knows which kinds there are. */
export type { PlaceEvent } from './event.ts';
export {
  formatLocalReference,
  isLocalReference,
  parseLocalReference,
  type LocalReference,
  type LocalScheme,
  type Stores,
} from './local-reference.ts';
export { failureIn } from './located.ts';
export { createPlaces, type Place, type Places, type PlacesOptions } from './place.ts';
export type { RemoteOptions } from './remote.ts';
export { OWN_REPOSITORY } from './repository-names.ts';
