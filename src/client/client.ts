import { createAuthorizer, noScope } from '../auth/index.ts';
import { DOCKER_HUB, isDockerHub, isHost, printable } from '../oci/index.ts';
import { RegistryError, type Registry } from '../registry/index.ts';
import { isLoopback, undiciTransport, type Rate } from '../transport/index.ts';
import { version } from '../version.ts';
import { authorizationOperations, type Authorization } from './authorize.ts';
import { deleteOperations } from './delete.ts';
import { createDiscretion } from './discretion.ts';
import { listOperations } from './list.ts';
import type { ClientOptions } from './options.ts';
import { createReferrersApi } from './referrers.ts';
import { readOperations } from './read.ts';
import { pushOperations } from './push.ts';
import { patientTransport, rateOf } from './send.ts';
import { createSession } from './session.ts';
import { uploadOperations } from './upload.ts';
import { writeOperations } from './write.ts';

/** A registry at the other end of HTTP. */
export interface RegistryClient extends Registry, Authorization {
  /** As references name it. */
  readonly host: string;
  /** Where it is: its origin, and the prefix of its paths. */
  readonly url: URL;
  /** How many requests it gets in a time, if that is limited. */
  readonly rate: Rate | undefined;
  /**
   * Asks whether it is there, speaks the protocol, and lets us in with the credentials that we have.
   * @throws {RegistryError} `UNAUTHORIZED` or `DENIED` if it does not; and what the authorizer and the transport throw.
   * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#determining-support
   */
  ping(options?: { readonly signal?: AbortSignal }): Promise<void>;
  /** Closes the connections, once what is under way has ended. */
  close(): Promise<void>;
}

/**
 * A client of a registry.
 * @param registry its host as references write it (`docker.io`, `localhost:5000`), or a URL, whose path may be a prefix
 * @throws {RegistryError} `REFERENCE_INVALID` when it is neither.
 */
export function registryClient(registry: string | URL, options: ClientOptions = {}): RegistryClient {
  const { base, host } = address(registry, options.plainHttp);
  const { pageSize = 1000, userAgent = `stowage/${version}`, credentials, allowRealms, clock } = options;
  const { send: transport, close } =
    options.transport === undefined
      ? undiciTransport(options.connections)
      : { send: options.transport, close: async () => {} };
  const discretion = createDiscretion(patientTransport(transport, base, options));
  const authorizer = createAuthorizer(discretion.transport, {
    userAgent,
    ...(credentials !== undefined && { credentials }),
    ...(allowRealms !== undefined && { allowRealms }),
    ...(options.keptTokens !== undefined && { keptTokens: options.keptTokens }),
    ...(options.onEvent !== undefined && { onEvent: options.onEvent }),
    ...(clock !== undefined && { now: () => clock.now() }),
  });
  const session = createSession({
    host,
    base,
    pageSize,
    userAgent,
    authorizer,
    hush: discretion.hush,
    ...(options.accept !== undefined && { accept: options.accept }),
    ...(options.retries !== undefined && { retries: options.retries }),
    ...(options.namespace !== undefined && { namespace: options.namespace }),
    ...(clock !== undefined && { clock }),
    ...(options.onEvent !== undefined && { onEvent: options.onEvent }),
  });
  const referrersApi = createReferrersApi(session);
  return {
    host,
    url: new URL(base),
    rate: rateOf(base, options.pace),
    ...readOperations(session),
    ...pushOperations(session, options),
    ...writeOperations(session, referrersApi),
    ...uploadOperations(session),
    ...deleteOperations(session, referrersApi),
    ...listOperations(session),
    referrers: referrersApi.list,
    ...authorizationOperations({ base, userAgent, authorizer, namespace: options.namespace }),
    async ping({ signal } = {}) {
      const response = await session.call(
        { method: 'GET', route: { kind: 'ping' }, scope: noScope, signal },
        200,
      );
      await response.discard();
    },
    close,
  };
}

function address(registry: string | URL, plainHttp: boolean | undefined): { base: URL; host: string } {
  if (registry instanceof URL || /^https?:\/\//.test(registry)) {
    const base = new URL(registry);
    return { base, host: base.host + base.pathname.replace(/\/$/, '') };
  }
  if (isDockerHub(registry)) return { base: new URL('https://registry-1.docker.io'), host: DOCKER_HUB };
  if (!isHost(registry) && !/^[A-Za-z0-9-]+$/.test(registry)) {
    throw new RegistryError('REFERENCE_INVALID', `not the host of a registry: "${printable(registry)}"`);
  }
  const secure = new URL(`https://${registry}`);
  const plain = plainHttp ?? isLoopback(secure.hostname);
  return { base: plain ? new URL(`http://${registry}`) : secure, host: registry };
}
