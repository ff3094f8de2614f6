import type { Rate } from '../transport/index.ts';

/** How fast a registry is asked, and what uploads to it look like. */
export interface Manners {
  readonly rate?: Rate;
  /** How many requests may wait for their answer at the most. */
  readonly concurrency?: number;
  /** How long headers may take, and a body may stall, in seconds. */
  readonly idleTimeout?: number;
  /** Blobs are sent in chunks of this size, in bytes. */
  readonly chunkSize?: number;
  /** Small blobs may be sent with a single POST. */
  readonly singlePost?: boolean;
}

/** How connections are secured. Files are relative to the folder of the settings. */
export interface TlsFiles {
  /** Certificate authorities to trust beside those that are trusted anyway. */
  readonly ca?: string;
  readonly clientCertificate?: { readonly certificate: string; readonly key: string };
  /** Believe any certificate. */
  readonly skipTlsVerification?: boolean;
}

/** A registry that has copies of another's content. */
export interface MirrorEntry extends Manners, TlsFiles {
  readonly url: string;
  /** After which of its failures the next one is asked: see `Fallback` of `stowage/mirror`. `missing` unless told. */
  readonly fallback?: 'missing' | 'unavailable' | 'never';
  /** It stands in for several, and is told which one is meant. */
  readonly namespace?: boolean;
  /** Where it keeps what it mirrors: `hub` for `hub/library/alpine`. */
  readonly repositoryPrefix?: string;
}

/** What is set for a registry. */
export interface RegistryEntry extends Manners, TlsFiles {
  /** Where it is, if not at its name. */
  readonly url?: string;
  /** Asked in order before it. */
  readonly mirrors?: readonly MirrorEntry[];
  readonly plainHttp?: boolean;
  /** Hosts of token servers that may be given credentials though they are on other sites. */
  readonly allowRealms?: readonly string[];
}

/** The file of settings, as it is written. */
export interface SettingsFile {
  readonly $schema?: string;
  /** For all registries, as far as they have no settings of their own. */
  readonly defaults?: Manners & Pick<TlsFiles, 'ca'>;
  /** By the host that references name, with its port if they do; `*.example.com` for all below. */
  readonly registries?: Readonly<Record<string, RegistryEntry>>;
  /** Folders of image layouts, by the name that stands for them in `oci-layout://NAME/IMAGE`. Relative to this file's folder. */
  readonly stores?: Readonly<Record<string, string>>;
}
