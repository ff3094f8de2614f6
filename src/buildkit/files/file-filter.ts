import { parsePatterns, type Judgement, type PatternList } from './pattern-list.ts';

/** What of a folder is wanted. */
export interface FilterPatterns {
  /** At least one has to match; unless told, everything does. */
  readonly include?: readonly string[];
  /** None may match. */
  readonly exclude?: readonly string[];
}

/** How a file was judged. */
export interface Verdict {
  /** To be sent; a folder that is passed over is sent nevertheless if something in it is. */
  readonly taken: boolean;
  /** Of a folder: whether there may be something in it. */
  readonly entered: boolean;
  /** For what lies in it. */
  readonly include: Judgement | undefined;
  readonly exclude: Judgement | undefined;
}

/** Judges the files of a folder, from the uppermost down. */
export interface FileFilter {
  judge(path: string, isFolder: boolean, parent: Verdict | undefined): Verdict;
  /** Whether a path would be taken, told without its folders. */
  takes(path: string): boolean;
}

/**
 * Makes a filter of what a builder asks for.
 * @throws {RegistryError} `SETTINGS_INVALID`, for what is no pattern.
 * @see https://github.com/tonistiigi/fsutil
 */
export function createFilter({ include = [], exclude = [] }: FilterPatterns): FileFilter {
  const included = include.length > 0 ? parsePatterns(include) : undefined;
  const excluded = exclude.length > 0 ? parsePatterns(exclude) : undefined;
  const mayInclude = beginnings(included, false);
  const mayExcept = beginnings(excluded, true);
  const judge: FileFilter['judge'] = (path, isFolder, parent) => {
    const wanted = included?.judge(path, parent?.include);
    const unwanted = excluded?.judge(path, parent?.exclude);
    const missed = wanted !== undefined && !wanted.matched;
    const hit = unwanted?.matched === true;
    return {
      taken: !missed && !hit,
      entered: isFolder && (!missed || mayInclude(path)) && (!hit || mayExcept(path)),
      include: wanted,
      exclude: unwanted,
    };
  };
  return { judge, takes: (path) => judge(path, false, undefined).taken };
}

/**
 * Whether patterns may match something below a folder that they do not match. Where all of them are plain paths, most
 * folders need not be read.
 */
function beginnings(list: PatternList | undefined, exceptions: boolean): (folder: string) => boolean {
  const texts = (list?.patterns ?? [])
    .filter(({ exception }) => exception === exceptions)
    .map(({ text }) => withoutTrailing(text));
  if (texts.some((text) => /[*[\]?^\\]/.test(text))) return () => true;
  return (folder) => texts.some((text) => `${text}/`.startsWith(`${folder}/`));
}

/** A pattern for everything in a folder, as the folder. */
function withoutTrailing(text: string): string {
  const shorter = text.endsWith('/**') ? text.slice(0, -'/**'.length) : text;
  return shorter.endsWith('/*') ? shorter.slice(0, -'/*'.length) : shorter;
}
