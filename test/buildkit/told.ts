import type { StatusUpdate, Timestamp } from '../../src/buildkit/index.ts';

/** A moment of a build, in milliseconds since it began. */
export type Moment = number;

/** When the builds of these tests begin. */
export const BEGIN: number = Date.UTC(2026, 0, 2, 3, 4, 5);

function at(moment: Moment): Timestamp {
  const milliseconds = BEGIN + moment;
  return {
    seconds: BigInt(Math.floor(milliseconds / 1000)),
    nanos: Math.round((milliseconds % 1000) * 1e6),
  };
}

const NOTHING: StatusUpdate = { vertexes: [], statuses: [], logs: [], warnings: [] };

interface Times {
  readonly started?: Moment;
  readonly completed?: Moment;
}

function times({ started, completed }: Times): { started?: Timestamp; completed?: Timestamp } {
  return {
    ...(started !== undefined && { started: at(started) }),
    ...(completed !== undefined && { completed: at(completed) }),
  };
}

/** A step, by its name, which stands for its digest too. */
export function step(
  name: string,
  {
    cached = false,
    error = '',
    group,
    ...rest
  }: Times & {
    readonly cached?: boolean;
    readonly error?: string;
    readonly group?: { readonly id: string; readonly name: string; readonly weak?: boolean };
  } = {},
): StatusUpdate {
  return {
    ...NOTHING,
    vertexes: [
      {
        digest: `digest of ${name}`,
        inputs: [],
        name,
        cached,
        error,
        ...times(rest),
        ...(group !== undefined && { progressGroup: { weak: false, ...group } }),
      },
    ],
  };
}

/** How far a part of a step is. */
export function part(
  of: string,
  id: string,
  {
    current = 0,
    total = 0,
    now,
    ...rest
  }: Times & { readonly current?: number; readonly total?: number; readonly now?: Moment } = {},
): StatusUpdate {
  const timestamp = at(now ?? rest.completed ?? rest.started ?? 0);
  return {
    ...NOTHING,
    statuses: [
      {
        id,
        vertex: `digest of ${of}`,
        name: '',
        current: BigInt(current),
        total: BigInt(total),
        timestamp,
        ...times(rest),
      },
    ],
  };
}

/** What a step prints, on one of its two streams. */
export function output(of: string, text: string | Uint8Array, moment: Moment, stream = 1n): StatusUpdate {
  const msg = typeof text === 'string' ? new TextEncoder().encode(text) : text;
  return { ...NOTHING, logs: [{ vertex: `digest of ${of}`, stream, msg, timestamp: at(moment) }] };
}

/** What is found fault with. */
export function warning(of: string, short: string, line?: number): StatusUpdate {
  const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
  return {
    ...NOTHING,
    warnings: [
      {
        vertex: `digest of ${of}`,
        level: 1n,
        short: encode(short),
        detail: [encode('Do it the other way.')],
        url: 'https://docs.test/rule',
        ...(line !== undefined && {
          info: {
            filename: 'Dockerfile',
            data: encode('FROM scratch\nMAINTAINER me\n'),
            language: 'Dockerfile',
          },
        }),
        ranges: line === undefined ? [] : [{ start: { line, character: 0 }, end: { line, character: 0 } }],
      },
    ],
  };
}

/** Several at once. */
export function together(...updates: readonly StatusUpdate[]): StatusUpdate {
  return {
    vertexes: updates.flatMap(({ vertexes }) => vertexes),
    statuses: updates.flatMap(({ statuses }) => statuses),
    logs: updates.flatMap(({ logs }) => logs),
    warnings: updates.flatMap(({ warnings }) => warnings),
  };
}
