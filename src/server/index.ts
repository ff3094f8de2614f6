/** The distribution protocol, seen from the server: any registry behind HTTP. */
export { toFetchHandler } from './fetch.ts';
export { createHandler, type HandlerOptions } from './handler.ts';
export { listen, type Listening, type ListenOptions } from './listen.ts';
export { toNodeListener } from './node.ts';
export type { Handler, ServerReply, ServerRequest } from './request.ts';
