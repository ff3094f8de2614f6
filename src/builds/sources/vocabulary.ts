import { parseImageName } from './image-name.ts';
import { detachString } from '../../json/index.ts';
import type { ImageName } from './target.ts';

/** Words that come again and again in a long document, each of them kept once, and apart from the document. */
export interface Vocabulary {
  word(text: string): string;
  /** @throws {Invalid} subject `reference`, for what is no name of an image. */
  image(text: string): ImageName;
}

/** Begins with no words. */
export function createVocabulary(): Vocabulary {
  const words = new Map<string, string>();
  const images = new Map<string, ImageName>();
  const word = (text: string): string => {
    const known = words.get(text);
    if (known !== undefined) return known;
    const own = detachString(text);
    words.set(own, own);
    return own;
  };
  return {
    word,
    image(text) {
      const known = images.get(text);
      if (known !== undefined) return known;
      const own = word(text);
      const image = parseImageName(own);
      images.set(own, image);
      return image;
    },
  };
}
