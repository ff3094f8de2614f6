/** A moment, as the daemon tells it. */
export interface Timestamp {
  readonly seconds: bigint;
  readonly nanos: number;
}

/** A step of a build. It is told again whenever something about it has changed. */
export interface Vertex {
  readonly digest: string;
  readonly inputs: readonly string[];
  readonly name: string;
  readonly cached: boolean;
  readonly started?: Timestamp;
  readonly completed?: Timestamp;
  readonly error: string;
  readonly progressGroup?: { readonly id: string; readonly name: string; readonly weak: boolean };
}

/** How far a part of a step has come. */
export interface VertexStatus {
  readonly id: string;
  readonly vertex: string;
  readonly name: string;
  readonly current: bigint;
  readonly total: bigint;
  readonly timestamp?: Timestamp;
  readonly started?: Timestamp;
  readonly completed?: Timestamp;
}

/** Output of a step. */
export interface VertexLog {
  readonly vertex: string;
  readonly timestamp?: Timestamp;
  /** 1 for standard output, 2 for standard error. */
  readonly stream: bigint;
  readonly msg: Uint8Array;
}

/** A place in a file, of which lines and characters count from 1 and 0. */
export interface Position {
  readonly line: number;
  readonly character: number;
}

/** Lines of a file that something is said about. */
export interface SourceRange {
  readonly start?: Position;
  readonly end?: Position;
}

/** The file that something is said about: mostly the Dockerfile. */
export interface SourceInfo {
  readonly filename: string;
  readonly data: Uint8Array;
  readonly language: string;
}

/** What the frontend finds fault with, though it builds it. */
export interface VertexWarning {
  readonly vertex: string;
  readonly level: bigint;
  readonly short: Uint8Array;
  readonly detail: readonly Uint8Array[];
  readonly url: string;
  readonly info?: SourceInfo;
  readonly ranges: readonly SourceRange[];
}

/**
 * What the daemon tells of a build, a little at a time.
 * @see https://github.com/moby/buildkit/blob/master/api/services/control/control.proto `StatusResponse`
 */
export interface StatusUpdate {
  readonly vertexes: readonly Vertex[];
  readonly statuses: readonly VertexStatus[];
  readonly logs: readonly VertexLog[];
  readonly warnings: readonly VertexWarning[];
}

/** A moment in milliseconds since 1970. */
export function millisecondsOf({ seconds, nanos }: Timestamp): number {
  return Number(seconds) * 1000 + nanos / 1e6;
}

/** A moment as Go's JSON has it: `2026-11-21T18:54:22.794314467Z`, to the nanosecond, without zeros at the end. */
export function formatTimestamp({ seconds, nanos }: Timestamp): string {
  const whole = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  const fraction = String(nanos).padStart(9, '0').replace(/0+$/, '');
  return `${whole}${fraction === '' ? '' : `.${fraction}`}Z`;
}
