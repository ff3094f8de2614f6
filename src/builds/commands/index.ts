/** The commands that make an image of a build. */
export { commandsFor, type Commands } from './commands.ts';
export { needsSbom, needsSignature } from './rules.ts';
