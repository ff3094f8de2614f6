import { RegistryError, type Options } from '../../registry/index.ts';
import type { Attachable } from '../session/attachable.ts';
import type { BuildOptions } from './build-options.ts';
import { resultOf } from './build-result.ts';
import type { ContentStore } from '../content/content-store.ts';
import { fileSend } from '../export/file-send.ts';
import type { FileTarget } from '../export/file-target.ts';
import { registryExport } from '../export/registry-export.ts';
import { toFile } from '../export/tar-file.ts';
import { exporterOf, type Exporter, type RegistryOutput } from './output.ts';

/** What a build needs for its outputs. */
export interface PreparedOutputs {
  /** In the order in which they were asked for, which is what tells them apart. */
  readonly exporters: readonly Exporter[];
  readonly stores: ReadonlyMap<string, ContentStore>;
  readonly services: readonly Attachable[];
  /** Does what is left to do when all was built. @param response what the exporters told */
  finish(response: Readonly<Record<string, string>>, options: Options): Promise<void>;
}

/** The content store that the builder's exporter writes to. There is one for all of a build. */
const EXPORT_STORE = 'export';

/**
 * Prepares what takes the outputs of a build.
 * @throws {RegistryError} `UNSUPPORTED` for more than one output into a registry.
 */
export function prepareOutputs({ outputs = [], daemon }: BuildOptions): PreparedOutputs {
  const targets = new Map<string, FileTarget>();
  const registries: RegistryOutput[] = [];
  for (const [index, output] of outputs.entries()) {
    if (output.type === 'registry') registries.push(output);
    else if (output.type === 'local') targets.set(String(index), { folder: output.folder });
    else if (output.type !== 'image')
      targets.set(String(index), { take: typeof output.to === 'string' ? toFile(output.to) : output.to });
  }
  const [target, ...others] = registries;
  if (others.length > 0)
    throw new RegistryError(
      'UNSUPPORTED',
      'one build can be written into one registry: write it into a layout, and copy it from there',
    );
  const receiver = target && registryExport(target.registry, target.repository);
  return {
    exporters: outputs.map((output) => exporterOf(output, daemon.kind)),
    stores: new Map(receiver === undefined ? [] : [[EXPORT_STORE, receiver.store]]),
    services: targets.size > 0 ? [fileSend(targets)] : [],
    async finish(response, options) {
      const { descriptor } = resultOf(response);
      if (target === undefined || receiver === undefined || descriptor === undefined) return;
      await receiver.finish(descriptor, { ...options, tags: target.tags ?? [] });
    },
  };
}
