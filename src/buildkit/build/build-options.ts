import type { CredentialSource } from '../../auth/index.ts';
import type { Digest, Platform } from '../../oci/index.ts';
import type { Options, Registry } from '../../registry/index.ts';
import type { Attachable } from '../session/attachable.ts';
import type { Daemon } from '../daemon/daemon.ts';
import type { Output } from './output.ts';
import type { StatusUpdate } from '../progress/status.ts';
import type { Secret } from '../secrets/secret-flag.ts';
import type { SshAgent } from '../ssh/ssh-flag.ts';

/** An image, or an index of images, in any registry. */
export interface ImageSource {
  readonly registry: Registry;
  readonly repository: string;
  readonly digest: Digest;
  /** What it is called there, for what people are shown. */
  readonly tag?: string;
}

/** What a name in a Dockerfile stands for: an image, a folder, or what the builder gets by itself over git or HTTP. */
export type ContextSource = ImageSource | { readonly directory: string } | { readonly url: string };

/** A name in a Dockerfile, and what is to be taken for it. */
export interface NamedContext {
  /** As `FROM` and `COPY --from` have it: `base`, `alpine`, `docker.io/library/alpine:3.20`. */
  readonly name: string;
  /** For this platform alone; others take what is given without one. */
  readonly platform?: Platform;
  readonly source: ContextSource;
}

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

/** What is to be built, from what, and where it goes. */
export interface BuildOptions extends Options {
  readonly daemon: Daemon;
  /**
   * The folder that `COPY` and `ADD` copy from, or the URL of a git repository or an archive, which the builder gets by
   * itself. None: there is nothing to copy.
   */
  readonly context?: string;
  /**
   * The path of the Dockerfile, or its text. Unless told, `Dockerfile` in the folder of the context. With a URL for
   * context, the path is one in there.
   */
  readonly dockerfile?: string | { readonly text: string };
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
  readonly contexts?: readonly NamedContext[];
  /** None: nothing is kept but the cache of the steps. */
  readonly outputs?: readonly Output[];
  readonly cacheFrom?: readonly (BuilderCache | CacheSource)[];
  readonly cacheTo?: readonly (BuilderCache | CacheTarget)[];
  /** Who we are at registries that the builder itself pulls from and pushes to. Nobody unless told. */
  readonly credentials?: CredentialSource;
  /** What `RUN --mount=type=secret` can ask for; see `parseSecretFlag`. */
  readonly secrets?: readonly Secret[];
  /** Variables that secrets are taken from; those of the process unless told. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** What `RUN --mount=type=ssh` can talk to; see `parseSshFlag`. */
  readonly ssh?: readonly SshAgent[];
  /** More services for the builder. */
  readonly services?: readonly Attachable[];
  /** Is told how the build goes on; see `plainDisplay` and its siblings. */
  readonly onProgress?: (update: StatusUpdate) => void;
}
