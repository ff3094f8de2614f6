/** A kit for tests of what speaks HTTP: tables of exchanges, played as a transport or by a real server. */
export type { Answer, Exchange, Played, TableOptions } from './exchange.ts';
export type { Received } from './compare.ts';
export { scripted, type Script, type ScriptOptions } from './script.ts';
export { scriptedServer, type ScriptedServer } from './server.ts';
