import { isOrderedObject, JsonNumber, type Ordered, type OrderedObject } from './ordered.ts';
import { Invalid, type InvalidSubject } from '../oci/index.ts';

/** The way to a value in a document: names of members and places in lists. */
export type Path = readonly (string | number)[];

/** Takes values out of a document, and says where they stand when they are not what they should be. */
export interface DocumentReader {
  /** What stands there; `null` counts as nothing. */
  find(...path: Path): Ordered | undefined;
  /** @throws {Invalid} when there is no object. */
  object(...path: Path): OrderedObject;
  /** @throws {Invalid} when there is something, and it is no object. */
  findObject(...path: Path): OrderedObject | undefined;
  /** @throws {Invalid} when there is no list. */
  list(...path: Path): readonly Ordered[];
  /** @throws {Invalid} when there is no text. */
  text(...path: Path): string;
  /** @throws {Invalid} when there is something, and it is no text. */
  findText(...path: Path): string | undefined;
  /** @throws {Invalid} when there is no list of texts. */
  texts(...path: Path): readonly string[];
  /** @throws {Invalid} when there is something, and it is no number. */
  findNumber(...path: Path): number | undefined;
  /** The place as a JSON pointer. */
  pointer(...path: Path): string;
  /** The error that says what is wrong there. */
  wrong(why: string, ...path: Path): Invalid;
}

/**
 * Reads in a document.
 * @param subject what the document is, for errors
 * @param place where it stands in its file
 */
export function createDocumentReader(
  document: Ordered,
  subject: InvalidSubject,
  place: Path = [],
): DocumentReader {
  const pointer = (...path: Path): string => pointerOf([...place, ...path]);
  const wrong = (why: string, ...path: Path): Invalid => new Invalid(subject, why, pointer(...path));
  const find = (...path: Path): Ordered | undefined => {
    let value: Ordered | undefined = document;
    for (const step of path) value = stepInto(value, step);
    return value ?? undefined;
  };
  const list = (...path: Path): readonly Ordered[] => {
    const value = find(...path);
    if (!isList(value)) throw wrong('want a list', ...path);
    return value;
  };
  const findObject = (...path: Path): OrderedObject | undefined => {
    const value = find(...path);
    if (value !== undefined && !isOrderedObject(value)) throw wrong('want an object', ...path);
    return value;
  };
  const findText = (...path: Path): string | undefined => {
    const value = find(...path);
    if (value !== undefined && typeof value !== 'string') throw wrong('want a text', ...path);
    return value;
  };
  return {
    find,
    list,
    findObject,
    findText,
    pointer,
    wrong,
    object: (...path) => {
      const value = findObject(...path);
      if (value === undefined) throw wrong('want an object', ...path);
      return value;
    },
    text: (...path) => {
      const value = findText(...path);
      if (value === undefined) throw wrong('want a text', ...path);
      return value;
    },
    texts: (...path) =>
      list(...path).map((value, at) => {
        if (typeof value !== 'string') throw wrong('want a text', ...path, at);
        return value;
      }),
    findNumber: (...path) => {
      const value = find(...path);
      if (value === undefined) return undefined;
      if (!(value instanceof JsonNumber)) throw wrong('want a number', ...path);
      return Number(value.text);
    },
  };
}

function stepInto(value: Ordered | undefined, step: string | number): Ordered | undefined {
  if (typeof step === 'number') return isList(value) ? value[step] : undefined;
  return isOrderedObject(value) ? value.get(step) : undefined;
}

function isList(value: Ordered | undefined): value is readonly Ordered[] {
  return Array.isArray(value);
}

/** @see https://www.rfc-editor.org/rfc/rfc6901 */
export function pointerOf(path: Path): string {
  return path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
