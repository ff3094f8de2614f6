import type { ConnectRouter } from '@connectrpc/connect';

/**
 * A service that the builder may call while a session lasts: registers its methods with the router it is given. May
 * load what it needs first.
 * @param ended aborted when the session has ended: what is kept open for it is to be let go of then
 */
export type Attachable = (router: ConnectRouter, ended: AbortSignal) => void | Promise<void>;
