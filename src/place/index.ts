/** From a reference to the registry that it means: the one room that knows which kinds there are. */
export type { PlaceEvent } from './event.ts';
export {
  formatLayoutReference,
  isLayoutReference,
  parseLayoutReference,
  type LayoutReference,
} from './layout-reference.ts';
export { createPlaces, type Place, type Places, type PlacesOptions } from './place.ts';
export type { RemoteOptions } from './remote.ts';
