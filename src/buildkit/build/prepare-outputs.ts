import { RegistryError, type Options } from '../../registry/index.ts';
import type { Attachable } from '../session/attachable.ts';
import type { BuildOptions } from './build-options.ts';
import type { ContentStore } from '../content/content-store.ts';
import { fileSend } from '../export/file-send.ts';
import type { FileTarget } from '../export/file-target.ts';
import { toFile } from '../export/tar-file.ts';
import type { ExporterResponse, ImageReceiver } from './image-receiver.ts';
import { exporterOf, type Exporter, type RegistryOutput } from './output.ts';

/** What a build needs for its outputs. */
export interface PreparedOutputs {
  /** In the order in which they were asked for, which is what tells them apart. */
  readonly exporters: readonly Exporter[];
  readonly stores: ReadonlyMap<string, ContentStore>;
  readonly services: readonly Attachable[];
  /** Does what is left to do when all was built. @param response what the exporters told @returns what is to be told */
  finish(response: ExporterResponse, options: Options): Promise<ExporterResponse>;
  /** Takes away what was made for the time of the build. Never fails. */
  close(): Promise<void>;
}

/**
 * Prepares what takes the outputs of a build.
 * @param receive makes what takes the image that is to go into a registry
 * @throws {RegistryError} `UNSUPPORTED` for more than one output into a registry.
 */
export async function prepareOutputs(
  { outputs = [], daemon }: Pick<BuildOptions, 'outputs' | 'daemon'>,
  receive: (output: RegistryOutput) => Promise<ImageReceiver>,
): Promise<PreparedOutputs> {
  const targets = new Map<string, FileTarget>();
  for (const [index, output] of outputs.entries()) {
    if (output.type === 'local') targets.set(String(index), { folder: output.folder });
    else if (output.type !== 'image' && output.type !== 'registry')
      targets.set(String(index), { take: typeof output.to === 'string' ? toFile(output.to) : output.to });
  }
  const [target, ...others] = outputs.filter((output) => output.type === 'registry');
  if (others.length > 0)
    throw new RegistryError(
      'UNSUPPORTED',
      'one build can be written into one registry: write it into a layout, and copy it from there',
    );
  const receiver = target && (await receive(target));
  return {
    exporters: outputs.flatMap((output) =>
      output.type === 'registry' ? (receiver?.exporter ?? []) : exporterOf(output, daemon.kind),
    ),
    stores: receiver?.stores ?? new Map(),
    services: targets.size > 0 ? [fileSend(targets)] : [],
    finish: async (response, options) => (await receiver?.finish(response, options)) ?? response,
    close: async () => receiver?.close(),
  };
}
