import type { Options } from '../../registry/index.ts';
import type { ContentStore } from '../content/content-store.ts';
import type { Exporter } from './output.ts';

/** What exporters told, by their names for it. */
export type ExporterResponse = Readonly<Record<string, string>>;

/** Takes the image of a build into a registry of this process. */
export interface ImageReceiver {
  /** What the builder is told. */
  readonly exporter: Exporter;
  /** What it writes to, over the session. */
  readonly stores: ReadonlyMap<string, ContentStore>;
  /**
   * Does what is left to do when all was built.
   * @returns what is to be told of the image, where that is not what the exporter told
   */
  finish(response: ExporterResponse, options: Options): Promise<ExporterResponse>;
  /** Takes away what was made for it, however the build ended. Never fails. */
  close(): Promise<void>;
}
