import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Options } from '../../registry/index.ts';
import type { DaemonKind } from './address.ts';
import type { Attachable } from '../session/attachable.ts';
import type { SolveRequestSchema, SolveResponse, StatusResponse } from '../proto/control_pb.ts';
import type { TlsFiles } from './tls-files.ts';

/** What a builder is asked to build; see `proto/control.proto`. */
export type SolveRequest = MessageInitShape<typeof SolveRequestSchema>;
export type { SolveResponse, StatusResponse };

/** A builder, as far as it tells of itself. */
export interface DaemonInfo {
  /** Of BuildKit: `v0.25.1`. Empty before 0.11, which does not tell. */
  readonly version: string;
  readonly revision: string;
  /** That it builds for, best first: `linux/amd64`, `linux/arm64`, … */
  readonly platforms: readonly string[];
  /**
   * How it keeps images. A Docker engine with graph drivers neither takes images over a session nor writes them; all
   * others do.
   */
  readonly imageStore: 'containerd' | 'graphdriver';
  /** Of its first worker, such as `org.mobyproject.buildkit.worker.executor`. */
  readonly labels: Readonly<Record<string, string>>;
}

export interface SessionOptions extends Options {
  /** A hint that tells two clients with the same directory from each other; the same for builds that may share. */
  readonly sharedKey?: string;
}

/** The services of this process, open to the builder until `close`, or until the connection breaks. */
export interface Session {
  /** What requests name it by. */
  readonly id: string;
  /** Aborted as soon as the session has ended: with a `RegistryError` where it was the builder, or the connection. */
  readonly ended: AbortSignal;
  /** Ends it in good order: to be called once all builds that use it are done. Never fails. */
  close(): Promise<void>;
}

/** How far a push is with one layer, or with the whole, if `id` is empty. */
export interface PushStep {
  /** Of the layer: the beginning of its digest. */
  readonly id: string;
  /** In words: `Pushing`, `Pushed`, `Layer already exists`. */
  readonly status: string;
  /** In bytes, before they are compressed. */
  readonly current?: number;
  readonly total?: number;
}

/** The images of a Docker engine. Each call takes a connection of its own. */
export interface EngineImages {
  /**
   * Has the engine push an image to the registry of its name, as nobody in particular.
   * @param name in full, with a tag
   * @param options `onStep` is told how it goes on; what it throws ends the push
   * @throws {RegistryError} `UNKNOWN` with what the engine says; `UNAVAILABLE`, `DENIED`.
   */
  push(name: string, options?: Options & { readonly onStep?: (step: PushStep) => void }): Promise<void>;
  /**
   * Takes a name of an image away, and the image itself if it has no other, but not its layers as far as a build may want
   * them. Of a name that is not there, nothing.
   * @throws as `push`.
   */
  removeName(name: string, options?: Options): Promise<void>;
}

/** A connection to a builder: BuildKit on its own, or that of a Docker engine. */
export interface Daemon {
  readonly kind: DaemonKind;
  /** As it was given, or found. */
  readonly address: string;
  /** Whether it listens on this machine: on a socket, or a loopback address. Whatever a tunnel leads to looks so too. */
  readonly isLocal: boolean;
  /**
   * Builds. Fails early if the session that it names ends.
   * @throws {RegistryError} `BUILD_FAILED` with a `BuildFailure` as its detail; `UNAVAILABLE`, `UNSUPPORTED`.
   */
  solve(request: SolveRequest, options?: Options): Promise<SolveResponse>;
  /** How far a build is, until it is done. May be asked before `solve` is. @param ref that of the request */
  status(ref: string, options?: Options): AsyncIterable<StatusResponse>;
  info(options?: Options): Promise<DaemonInfo>;
  /** Those of the engine that the builder is a part of; undefined for one of its own. */
  readonly images?: EngineImages;
  /**
   * Opens a session, in which the builder may call the services.
   * @param options the signal covers the whole life of the session: to abort it is to break it off
   */
  session(attachables: readonly Attachable[], options?: SessionOptions): Promise<Session>;
  /** Ends the connection, and the sessions that are left. Never fails. */
  close(): Promise<void>;
}

/** Where the builder is, and how to reach it. */
export interface OpenDaemonOptions extends Options {
  /**
   * `unix:///run/buildkit/buildkitd.sock`, `tcp://builder:1234`, `npipe:////./pipe/docker_engine`. Unless told:
   * `BUILDKIT_HOST`, `DOCKER_HOST`, the context that Docker's command line uses, or the sockets of the two.
   */
  readonly address?: string;
  /** What listens there: told by where the address comes from, else by its name. */
  readonly kind?: DaemonKind;
  /** Certificates for `tcp://`. With `DOCKER_HOST`, those of `DOCKER_CERT_PATH` unless told. */
  readonly tls?: TlsFiles;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** How long to wait for a connection, in milliseconds; 20 seconds unless told. */
  readonly connectTimeout?: number;
}
