import type { CredentialSource, TokenStore } from '../auth/index.ts';
import type { Clock, Limiter, Listener, Pace, Rate, Transport, UndiciOptions } from '../transport/index.ts';
import type { ClientEvent } from './event.ts';
import type { UploadLog } from './upload-log.ts';

/** Settings of a client. None is changed by it. */
export interface ClientOptions {
  /** Where user names and passwords come from. Nowhere, unless told: see `defaultCredentials` of `stowage/auth`. */
  readonly credentials?: CredentialSource;
  /** Speak plain HTTP. Unless told, with loopback addresses alone. */
  readonly plainHttp?: boolean;
  /** How requests are sent; by undici, on connections of this client's own, unless told. */
  readonly transport?: Transport;
  /** Of the connections, where `transport` is not told. */
  readonly connections?: UndiciOptions;
  /**
   * How fast the registry is asked; token servers and other hosts get no `rate`. 32 requests at a time, and at Docker
   * Hub 300 a minute, unless told.
   */
  readonly pace?: Pace;
  /**
   * Gives out what the rate of a registry allows, where one is set, for processes that share it. Unless told, all of
   * it is this client's.
   */
  readonly limiter?: (origin: string, rate: Rate) => Limiter;
  /** How often a request that failed is sent again, where that may help. 5 unless told. */
  readonly retries?: number;
  /** How long a registry may have us wait before we give up, in milliseconds. 300,000 unless told. */
  readonly maxWait?: number;
  /**
   * Where uploads of large blobs are kept in mind, so that a later process goes on with what one that was ended had
   * begun: `uploadFiles(folder)`. Nowhere unless told.
   */
  readonly uploadLog?: UploadLog;
  /** How much of a blob goes into one request, in bytes. All of it unless told, where the registry can take it so. */
  readonly chunkSize?: number;
  /** The registry is known to take small blobs with the POST that starts an upload: a request less for each. */
  readonly singlePost?: boolean;
  /** For tests. */
  readonly clock?: Clock;
  /** Token servers on foreign hosts that may be given credentials. */
  readonly allowRealms?: readonly string[];
  /**
   * Where tokens are kept, so that a later process need not ask for them again: `tokenFiles(folder)` of `stowage/auth`.
   * Nowhere, unless told. Passwords and refresh tokens are never kept.
   */
  readonly keptTokens?: TokenStore;
  /**
   * The registry that this one stands in for, as references name it: said as `ns` with each request, by which a proxy
   * for several knows which one is meant. Unless told, nothing is said.
   * @see https://github.com/containerd/containerd/blob/main/docs/hosts.md#registry-host-namespace
   */
  readonly namespace?: string;
  /** Names in a page of a list. 1000 unless told: ECR refuses more. */
  readonly pageSize?: number;
  /** Media types of manifests to ask for, as `Accept` lists them. Unless told, all that are known, and then any other. */
  readonly accept?: readonly string[];
  /** `stowage/<version>` unless told. */
  readonly userAgent?: string;
  /** Is told of every request, wait, retry and token. */
  readonly onEvent?: Listener<ClientEvent>;
}
