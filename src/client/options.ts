import type { CredentialSource } from '../auth/index.ts';
import type { Listener, Transport, UndiciOptions } from '../transport/index.ts';
import type { ClientEvent } from './event.ts';

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
  /** Token servers on foreign hosts that may be given credentials. */
  readonly allowRealms?: readonly string[];
  /** Names in a page of a list. 1000 unless told: ECR refuses more. */
  readonly pageSize?: number;
  /** `stowage/<version>` unless told. */
  readonly userAgent?: string;
  /** Is told of every request, wait, retry and token. */
  readonly onEvent?: Listener<ClientEvent>;
}
