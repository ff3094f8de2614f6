/** Building with BuildKit: with images from any registry, and into any. `openDaemon`, then `build`. */
export { openDaemon } from './daemon/open-daemon.ts';
export type { DaemonKind } from './daemon/address.ts';
export type { Daemon, DaemonInfo, OpenDaemonOptions } from './daemon/daemon.ts';
export { tlsFolder, type TlsFiles } from './daemon/tls-files.ts';

export { build } from './build/build.ts';
export type {
  BuildContext,
  ContextSource,
  DockerfileSource,
  FolderContext,
  NamedContext,
  TarContext,
  UrlContext,
} from './build/build-context.ts';
export type { BuilderCache, BuildOptions, CacheSource, CacheTarget } from './build/build-options.ts';
export type { BuildResult } from './build/build-result.ts';
export type { ImageSource } from './build/image-source.ts';
export type { FolderOutput, ImageOutput, Output, RegistryOutput, TarOutput } from './build/output.ts';
export type { ServeRegistry } from './build/serve-registry.ts';
export type { BuildFailure, FailedSource, SourceLines } from './daemon/daemon-error.ts';
export type { Secret, SecretSource } from './secrets/secret.ts';
export type { SshAgent } from './ssh/ssh-agent.ts';

// How a build goes on, and how that is shown.
export { REFRESH, type Display, type DisplayOptions } from './progress/display.ts';
export { plainDisplay } from './progress/plain.ts';
export { rawJsonDisplay } from './progress/rawjson.ts';
export { sourceExcerpt, type SourceLinesIn } from './progress/source-excerpt.ts';
export type {
  Position,
  SourceInfo,
  SourceRange,
  StatusUpdate,
  Timestamp,
  Vertex,
  VertexLog,
  VertexStatus,
  VertexWarning,
} from './progress/status.ts';
export { terminalDisplay, type TerminalOptions } from './progress/terminal.ts';
export { formatWarnings } from './progress/warnings.ts';

// For requests that `build` does not make: sessions of one's own, and the services in them.
export type {
  Session,
  SessionOptions,
  SolveRequest,
  SolveResponse,
  StatusResponse,
} from './daemon/daemon.ts';
export type { Attachable } from './session/attachable.ts';
export { contentService } from './content/content-service.ts';
export type { ContentStore } from './content/content-store.ts';
export { registryContent } from './content/registry-content.ts';
export { credentialService, type CredentialServiceOptions } from './credentials/credential-service.ts';
export { fileSync } from './files/file-sync.ts';
export { secretService, type SecretServiceOptions } from './secrets/secret-service.ts';
export { sshService } from './ssh/ssh-service.ts';
