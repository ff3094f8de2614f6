import { stripVTControlCharacters } from 'node:util';

/** What takes two columns of a terminal: the scripts of East Asia, and pictures. */
const WIDE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\u3000-\u303f\uff01-\uff60]/u;
/** What takes none. */
const NONE = /\p{Mark}|[\u200b-\u200f]|[\ufe00-\ufe0f]/u;

/** How many columns of a terminal a text takes. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of text) width += widthOfOne(character);
  return width;
}

/** As much of a text as there is room for, in columns. */
export function cut(text: string, room: number): string {
  let width = 0;
  let end = 0;
  for (const character of text) {
    width += widthOfOne(character);
    if (width > room) return text.slice(0, end);
    end += character.length;
  }
  return text;
}

/** A text that moves no cursor: without the codes of terminals, and with a space for each tab. */
export function tame(text: string): string {
  return stripVTControlCharacters(text)
    .replaceAll('\t', ' ')
    .replaceAll(/\p{Cc}/gu, '');
}

function widthOfOne(character: string): number {
  if (character < '\u0300') return 1;
  return NONE.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
}
