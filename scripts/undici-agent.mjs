// The part of undici that requests need, for the bundle of the command line: loading all of it (fetch, mocks, caches,
// WebSocket) takes as long as three requests. The library itself uses undici by its public entry.
import { setFlagsFromString } from 'node:v8';
import Agent from 'undici/lib/dispatcher/agent.js';
import Dispatcher from 'undici/lib/dispatcher/dispatcher.js';
import Pool from 'undici/lib/dispatcher/pool.js';

// The parser of HTTP is WebAssembly. V8 compiles it once more, for speed, after one answer (Node 20) or a dozen (22, 24),
// and Node does not exit before that is done: 50 to 100 ms, of a command that takes 100. With this budget it does so after
// some hundred answers, where it pays. This is not said earlier in the program: what V8 has compiled in advance, Node's own
// modules among it, it takes only under the flags that it was compiled with.
// A V8 that does not know a flag says so on standard error, each time: only those are told that are known to know it.
const NEWEST_TRIED = 26;
const [major] = process.versions.node.split('.');
if (Number(major) <= NEWEST_TRIED) setFlagsFromString('--wasm-tiering-budget=300000000');

export { Agent, Pool };

/** Loaded when there is a proxy: with its SOCKS it takes 4 ms. */
export function ProxyAgent(options) {
  Dispatcher.prototype.connect = require('undici/lib/api/api-connect.js');
  const Real = require('undici/lib/dispatcher/proxy-agent.js');
  return new Real(options);
}
