/** Building with BuildKit: a connection to a builder, and what it may ask for while it builds. */
export type { DaemonKind } from './daemon/address.ts';
export type { Attachable } from './session/attachable.ts';
export { build } from './build/build.ts';
export type {
  BuilderCache,
  BuildOptions,
  CacheSource,
  CacheTarget,
  ContextSource,
  ImageSource,
  NamedContext,
} from './build/build-options.ts';
export type { BuildResult } from './build/build-result.ts';
export type {
  ContentInfo,
  ContentPart,
  ContentStore,
  ContentWrites,
  Ingest,
  IngestStatus,
} from './content/content-store.ts';
export { contentService } from './content/content-service.ts';
export { credentialService, type CredentialServiceOptions } from './credentials/credential-service.ts';
export type { FetchToken, WantedToken } from './credentials/fetch-token.ts';
export type { BuildFailure, FailedSource, SourceLines } from './daemon/daemon-error.ts';
export type {
  Daemon,
  DaemonInfo,
  OpenDaemonOptions,
  Session,
  SessionOptions,
  SolveRequest,
  SolveResponse,
  StatusResponse,
} from './daemon/daemon.ts';
export { fileSend } from './export/file-send.ts';
export type { FileTarget } from './export/file-target.ts';
export { registryExport, type RegistryExport } from './export/registry-export.ts';
export { toFile } from './export/tar-file.ts';
export { fileSync } from './files/file-sync.ts';
export { registryContent } from './content/registry-content.ts';
export { openDaemon } from './daemon/open-daemon.ts';
export type { FolderOutput, ImageOutput, Output, RegistryOutput, TarOutput } from './build/output.ts';
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
export { parseSecretFlag, type Secret, type SecretSource } from './secrets/secret-flag.ts';
export { parseSshFlag, type SshAgent } from './ssh/ssh-flag.ts';
export { checkSecrets, LARGEST_SECRET } from './secrets/read-secret.ts';
export { secretService, type SecretServiceOptions } from './secrets/secret-service.ts';
export { sshService } from './ssh/ssh-service.ts';
export type { TlsFiles } from './daemon/tls-files.ts';
