// The part of undici that requests need, for the bundle of the command line: loading all of it (fetch, mocks, caches,
// WebSocket) takes as long as three requests. The library itself uses undici by its public entry.
import Agent from 'undici/lib/dispatcher/agent.js';
import Dispatcher from 'undici/lib/dispatcher/dispatcher.js';
import Pool from 'undici/lib/dispatcher/pool.js';

export { Agent, Pool };

/** Loaded when there is a proxy: with its SOCKS it takes 4 ms. */
export function ProxyAgent(options) {
  Dispatcher.prototype.connect = require('undici/lib/api/api-connect.js');
  const Real = require('undici/lib/dispatcher/proxy-agent.js');
  return new Real(options);
}
