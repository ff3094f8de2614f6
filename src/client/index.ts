/** A registry at the other end of HTTP: the distribution protocol, seen from the client. */
export { registryClient, type ClientOptions, type RegistryClient } from './client.ts';
