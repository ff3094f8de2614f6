import { parsePattern, type Pattern } from './pattern.ts';

/** How a list of patterns judged a path. What it says of a folder is handed in again for what lies in it. */
export interface Judgement {
  readonly matched: boolean;
  /** For each pattern, whether it matched the path or a folder that it is in; only as far as that was asked. */
  readonly byPattern: readonly boolean[];
}

/** Patterns of which the last that matches counts, as in a `.dockerignore`. */
export interface PatternList {
  readonly patterns: readonly Pattern[];
  /**
   * Whether a path is matched, also because a folder is that it lies in.
   * @param path with slashes, relative, clean
   * @param folder how the folder that it is in was judged; unless told, all of the folders are looked at
   */
  judge(path: string, folder?: Judgement): Judgement;
}

/**
 * Reads patterns, one each.
 * @throws {RegistryError} `SETTINGS_INVALID`, for what is no pattern.
 * @see https://pkg.go.dev/github.com/moby/patternmatcher
 */
export function parsePatterns(
  lines: readonly string[],
  platform: NodeJS.Platform = process.platform,
): PatternList {
  const patterns = lines
    .map((line) => parsePattern(line, platform))
    .filter((pattern): pattern is Pattern => pattern !== undefined);
  return {
    patterns,
    judge(path, folder) {
      let matched = false;
      const byPattern = patterns.map((pattern, index) => {
        // A pattern that can change nothing is not asked: one more match of what matched, an exception of what did not.
        const matches =
          folder?.byPattern[index] === true ||
          (pattern.exception === matched &&
            (pattern.matches(path) ||
              (folder === undefined && foldersOf(path).some((each) => pattern.matches(each)))));
        if (matches) matched = !pattern.exception;
        return matches;
      });
      return { matched, byPattern };
    },
  };
}

/** All folders that a path lies in, the uppermost first. */
function foldersOf(path: string): readonly string[] {
  const folders: string[] = [];
  for (let slash = path.indexOf('/', 1); slash > 0; slash = path.indexOf('/', slash + 1))
    folders.push(path.slice(0, slash));
  return folders;
}
