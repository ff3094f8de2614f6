import type { Display, DisplayOptions } from './display.ts';
import {
  formatTimestamp,
  type SourceRange,
  type StatusUpdate,
  type Timestamp,
  type Vertex,
  type VertexLog,
  type VertexStatus,
  type VertexWarning,
} from './status.ts';

/**
 * A line of JSON for all that the daemon tells, at once: with the members that `buildx --progress=rawjson` writes, in its
 * order. What a warning says of where the Dockerfile came from (`sourceInfo.definition`) is left away.
 */
export function rawJsonDisplay({ write }: Pick<DisplayOptions, 'write'>): Display {
  return {
    update: (update) => write(`${formatUpdate(update)}\n`),
    refresh: () => {},
    end: () => {},
  };
}

function formatUpdate({ vertexes, statuses, logs, warnings }: StatusUpdate): string {
  const text = JSON.stringify({
    ...some('vertexes', vertexes.map(vertexMembers)),
    ...some('statuses', statuses.map(statusMembers)),
    ...some('logs', logs.map(logMembers)),
    ...some('warnings', warnings.map(warningMembers)),
  });
  // As Go does: these stand in strings alone, so that they may be changed wherever they are.
  return text.replaceAll(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

type Members = Readonly<Record<string, unknown>>;

function vertexMembers({ digest, inputs, name, cached, error, progressGroup, ...times }: Vertex): Members {
  return {
    digest,
    ...some('inputs', inputs),
    ...some('name', name),
    ...timesOf(times),
    ...(cached && { cached }),
    ...some('error', error),
    ...(progressGroup !== undefined && {
      progressGroup: {
        id: progressGroup.id,
        ...some('name', progressGroup.name),
        ...(progressGroup.weak && { weak: true }),
      },
    }),
  };
}

function statusMembers({ id, vertex, name, total, current, timestamp, ...times }: VertexStatus): Members {
  return {
    id,
    vertex,
    ...some('name', name),
    ...(total !== 0n && { total: Number(total) }),
    current: Number(current),
    timestamp: formatTimestamp(timestamp ?? NEVER),
    ...timesOf(times),
  };
}

function logMembers({ vertex, stream, msg, timestamp }: VertexLog): Members {
  return {
    vertex,
    ...(stream !== 0n && { stream: Number(stream) }),
    data: base64(msg),
    timestamp: formatTimestamp(timestamp ?? NEVER),
  };
}

function warningMembers({ vertex, level, short, detail, url, info, ranges }: VertexWarning): Members {
  return {
    vertex,
    ...(level !== 0n && { level: Number(level) }),
    ...some('short', base64(short)),
    ...some('detail', detail.map(base64)),
    ...some('url', url),
    ...(info !== undefined && {
      sourceInfo: {
        ...some('filename', info.filename),
        ...some('data', base64(info.data)),
        ...some('language', info.language),
      },
    }),
    ...some('range', ranges.map(rangeMembers)),
  };
}

function rangeMembers({ start, end }: SourceRange): Members {
  const position = (at: SourceRange['start']): Members => ({
    ...(at?.line && { line: at.line }),
    ...(at?.character && { character: at.character }),
  });
  return {
    ...(start !== undefined && { start: position(start) }),
    ...(end !== undefined && { end: position(end) }),
  };
}

const NEVER: Timestamp = { seconds: 0n, nanos: 0 };

function timesOf({ started, completed }: Pick<Vertex, 'started' | 'completed'>): Members {
  return {
    ...(started !== undefined && { started: formatTimestamp(started) }),
    ...(completed !== undefined && { completed: formatTimestamp(completed) }),
  };
}

/** A member that is left away while it is empty. */
function some(name: string, value: string | readonly unknown[]): Members {
  return value.length === 0 ? {} : { [name]: value };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
