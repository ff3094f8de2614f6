import type { CredentialSource, TokenFetcher } from '../../auth/index.ts';
import type { Platform } from '../../oci/index.ts';
import type { Options, Registry } from '../../registry/index.ts';
import type { Attachable } from '../session/attachable.ts';
import type { Daemon } from '../daemon/daemon.ts';
import type { BuildContext, DockerfileSource, NamedContext } from './build-context.ts';
import type { ImageSource } from './image-source.ts';
import type { Output } from './output.ts';
import type { ServeRegistry } from './serve-registry.ts';
import type { StatusUpdate } from '../progress/status.ts';
import type { Secret } from '../secrets/secret.ts';
import type { SshAgent } from '../ssh/ssh-agent.ts';

/** A cache of steps that the builder gets to by itself: `registry`, `inline`, `gha`, `s3`, `azblob`. */
export interface BuilderCache {
  readonly type: string;
  readonly attrs?: Readonly<Record<string, string>>;
}

/** A cache of steps in any registry that this process can read. */
export interface CacheSource {
  readonly source: ImageSource;
}

/** A cache of steps in any registry that this process can write to. */
export interface CacheTarget {
  readonly target: { readonly registry: Registry; readonly repository: string; readonly tag: string };
  /** `mode`, `compression`, `ignore-error`, … */
  readonly attrs?: Readonly<Record<string, string>>;
}

/** What is to be built, from what, and where it goes. The signal calls the build off. */
export interface BuildOptions extends Options {
  readonly daemon: Daemon;
  /** What `COPY` and `ADD` copy from. None: there is nothing to copy, and the Dockerfile has to be given. */
  readonly context?: BuildContext;
  /** `Dockerfile` in the context unless told. */
  readonly dockerfile?: DockerfileSource;
  /** What names in the Dockerfile mean, where that is not what a registry has under them. Of two for one, the last. */
  readonly contexts?: readonly NamedContext[];
  /**
   * Shows images to a Docker engine on this machine that takes none over a session, and takes those that it builds: one
   * that keeps its own by graph drivers. Without it, contexts that are images are refused there, and so are registries
   * as outputs.
   */
  readonly serve?: ServeRegistry;
  /** The stage to build; the last unless told. */
  readonly target?: string;
  /** That of the builder unless told. */
  readonly platforms?: readonly Platform[];
  /** Those that begin with `BUILDKIT_` tell the frontend what to do; `BUILDKIT_SYNTAX` chooses another one. */
  readonly buildArgs?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  /** Builds all steps anew, or those of some stages. */
  readonly noCache?: boolean | readonly string[];
  /** Asks registries for images that the builder has. */
  readonly pull?: boolean;
  /** That of `RUN`. */
  readonly network?: 'default' | 'none' | 'host';
  /** Names that `RUN` finds: `registry.test=127.0.0.1`. */
  readonly addHosts?: readonly string[];
  /**
   * Attestations, with their parameters: `{ provenance: 'mode=max', sbom: '' }`. None unless told, as with buildctl:
   * buildx adds a small provenance by itself, which makes an index of every image.
   */
  readonly attestations?: Readonly<Record<string, string>>;
  /** None: nothing is kept but the cache of the steps. */
  readonly outputs?: readonly Output[];
  readonly cacheFrom?: readonly (BuilderCache | CacheSource)[];
  readonly cacheTo?: readonly (BuilderCache | CacheTarget)[];
  /** Who we are at registries that the builder itself pulls from and pushes to. Nobody unless told. */
  readonly credentials?: CredentialSource;
  /**
   * Gets tokens for the builder: `tokenFetcher` of `stowage/auth`. With it, passwords for registries that have a token
   * server stay in this process. Without it, the builder is told them.
   */
  readonly fetchToken?: TokenFetcher;
  /** What `RUN --mount=type=secret` can ask for. */
  readonly secrets?: readonly Secret[];
  /** Variables that secrets are taken from; those of the process unless told. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** What `RUN --mount=type=ssh` can talk to. */
  readonly ssh?: readonly SshAgent[];
  /** More services that the builder may call. */
  readonly services?: readonly Attachable[];
  /** Is told how the build goes on; see `plainDisplay` and its siblings. What it throws ends the build. */
  readonly onProgress?: (update: StatusUpdate) => void;
}
