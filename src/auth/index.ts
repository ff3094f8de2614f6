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
export {
  eraseCredentials,
  storeCredentials,
  otherLogins,
  type Login,
  type StoredLogin,
} from './credential-write.ts';
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
export {
  tokenFetcher,
  type TokenFetcher,
  type TokenFetcherOptions,
  type TokenWish,
} from './token-fetcher.ts';
export { tokenFiles } from './token-files.ts';
export type {
  StoredAccess,
  StoredToken,
  TokenFilesOptions,
  TokenStore,
  TokenStoreKey,
} from './token-store.ts';
