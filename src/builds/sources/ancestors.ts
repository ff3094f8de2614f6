import type { Sources } from './link-parents.ts';
import type { ImageName, Target } from './target.ts';

/** The positions of some targets and of all that they are built on. */
export function withAncestors(sources: Sources, chosen: Iterable<Target>): ReadonlySet<number> {
  const wanted = new Set<number>();
  for (const { position } of chosen) wanted.add(position);
  // Grows while it is walked over.
  for (const position of wanted)
    for (const parent of sources.targets[position]?.parents ?? [])
      if (parent.kind === 'target') wanted.add(parent.position);
  return wanted;
}

/** The images that targets are built on, each once. */
export function imagesOf(sources: Sources, wanted: ReadonlySet<number>): readonly ImageName[] {
  const images = new Map<string, ImageName>();
  for (const position of wanted)
    for (const parent of sources.targets[position]?.parents ?? [])
      if (parent.kind === 'image') images.set(parent.image.name, parent.image);
  return [...images.values()];
}
