// The part of undici that requests need, for the bundle of the command line: loading all of it (fetch, mocks, caches,
// WebSocket) takes as long as three requests. The library itself uses undici by its public entry.
import request from 'undici/lib/api/api-request.js';
import Agent from 'undici/lib/dispatcher/agent.js';
import Dispatcher from 'undici/lib/dispatcher/dispatcher.js';

Dispatcher.prototype.request = request;
export { Agent };
