import { Code, ConnectError } from '@connectrpc/connect';
import { isRegistryError, RegistryError } from '../../registry/index.ts';

/** Lines of a source file, counted from 1, both inclusive. */
export interface SourceLines {
  readonly start: number;
  readonly end: number;
}

/** A file that a build is described by, and what in it an error is about. */
export interface FailedSource {
  readonly filename: string;
  readonly text: string;
  readonly lines: readonly SourceLines[];
}

/** What the builder tells of a failure beside its message. */
export interface BuildFailure {
  /** As gRPC calls it: `not_found`, `invalid_argument`, `unknown`. */
  readonly code: string;
  /** The step, as progress knows it. */
  readonly vertex?: string;
  /** Innermost first: where in the Dockerfile it happened. */
  readonly sources: readonly FailedSource[];
}

/** The name of a gRPC code as it is written. */
function codeName(code: Code): string {
  return (Code[code] ?? 'unknown').replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => `_${letter}`).toLowerCase();
}

/**
 * The error for a call that failed.
 * @param what was done, for the message; nothing for a build, whose errors speak for themselves
 */
export function daemonError(error: unknown, address: string, what?: string): unknown {
  if (isRegistryError(error)) return error;
  const { code, rawMessage, details, cause, metadata } = ConnectError.from(error);
  const failure: BuildFailure = { code: codeName(code), ...failedParts(details) };
  // Behind what the builder itself says there is nothing here that would explain it.
  const facts = { detail: failure, ...(!metadata.has('grpc-status') && { cause: error }) };
  const failed = what === undefined ? '' : `${what} failed: `;
  switch (code) {
    case Code.Canceled:
      // A caller's abort comes back as its own reason.
      return cause instanceof Error && cause.name === 'AbortError'
        ? cause
        : new RegistryError('UNAVAILABLE', `the builder at ${address} broke it off: ${rawMessage}`, facts);
    case Code.Unavailable:
      return new RegistryError('UNAVAILABLE', `the builder at ${address} is gone: ${rawMessage}`, facts);
    case Code.Unimplemented:
      return new RegistryError(
        'UNSUPPORTED',
        `the builder at ${address} cannot do this: ${failed}${rawMessage}`,
        facts,
      );
    case Code.PermissionDenied:
      return new RegistryError('DENIED', `${failed}${rawMessage}`, facts);
    case Code.Unauthenticated:
      return new RegistryError('UNAUTHORIZED', `${failed}${rawMessage}`, facts);
    default:
      return new RegistryError(
        what === undefined ? 'BUILD_FAILED' : 'UNKNOWN',
        `${failed}${rawMessage}${adviceOn(rawMessage)}`,
        facts,
      );
  }
}

/** What builders say that does not tell what to do. */
const ADVICE: readonly (readonly [said: RegExp, advice: string])[] = [
  [
    // Of a layer it kept a part when a build was broken off; and it reads those of a session from their beginning alone,
    // whoever's session it is: https://github.com/moby/buildkit/blob/master/util/contentutil/fetcher.go
    /: unsupported offset$/,
    '; the builder kept a part of a layer when a build was broken off, and cannot go on with it: ' +
      'until it has dropped that part, take another builder, or a base that it pulls from a registry itself',
  ],
  [
    /unsupported frontend capability moby\.buildkit\.frontend\.contexts/,
    '; this builder is too old to know contexts by name: let it pull a newer frontend, with ' +
      '"# syntax=docker/dockerfile:1" as the first line of the Dockerfile, or take a newer builder',
  ],
  [/\bsecret \S+: not found$/, '; a secret is given with --secret id=ID,src=FILE or id=ID,env=NAME'],
  [
    /network\.host is not allowed/,
    '; a RUN with --network=host needs the network of the host for the whole build, if the builder grants it: --network host',
  ],
];

function adviceOn(message: string): string {
  return ADVICE.find(([said]) => said.test(message))?.[1] ?? '';
}

/**
 * Reads what is attached to an error. The builder writes it as JSON, not as the messages that gRPC has in that place:
 * https://github.com/moby/buildkit/blob/master/util/grpcerrors/grpcerrors.go
 */
function failedParts(details: ConnectError['details']): Pick<BuildFailure, 'vertex' | 'sources'> {
  let vertex: string | undefined;
  const sources: FailedSource[] = [];
  for (const detail of details) {
    if (!('value' in detail) || !(detail.value instanceof Uint8Array) || !('type' in detail)) continue;
    const read = parse(detail.value);
    if (detail.type === 'errdefs.Vertex+json' && typeof read['digest'] === 'string')
      vertex ??= read['digest'];
    if (detail.type === 'errdefs.Source+json') sources.push(...failedSource(read));
  }
  return { ...(vertex !== undefined && { vertex }), sources };
}

function parse(bytes: Uint8Array): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    // A detail that is not understood takes nothing away from the error.
    return {};
  }
}

function failedSource({ info, ranges }: Record<string, unknown>): FailedSource[] {
  const { filename, data } = (info ?? {}) as Record<string, unknown>;
  if (typeof filename !== 'string' || typeof data !== 'string' || !Array.isArray(ranges)) return [];
  const lines = (ranges as readonly { start?: { line?: unknown }; end?: { line?: unknown } }[]).flatMap(
    ({ start, end }) => {
      const [from, to] = [start?.line, end?.line ?? start?.line];
      return typeof from === 'number' && typeof to === 'number' ? [{ start: from, end: to }] : [];
    },
  );
  return [{ filename, text: Buffer.from(data, 'base64').toString('utf8'), lines }];
}
