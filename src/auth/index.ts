/** Who we are, and how registries are told so: challenges, scopes, tokens, credentials. */
export { createAuthorizer, type Authorizer, type AuthorizerOptions } from './authorize.ts';
export { parseChallenges, type Challenge } from './challenge.ts';
export {
  defaultCredentials,
  noCredentials,
  staticCredentials,
  type Credentials,
  type CredentialSource,
  type DefaultCredentialsOptions,
} from './credentials.ts';
export type { TokenEvent } from './event.ts';
export {
  catalogScope,
  containsScope,
  formatScope,
  noScope,
  parseScope,
  repositoryScope,
  unionScopes,
  type ResourceScope,
  type Scope,
} from './scope.ts';
