import { registryExport } from '../export/registry-export.ts';
import { resultOf } from './build-result.ts';
import type { ImageReceiver } from './image-receiver.ts';
import type { RegistryOutput } from './output.ts';

/** The content store that the builder's exporter writes to. There is one for all of a build. */
const EXPORT_STORE = 'export';

/** Has the builder write an image over the session, as it comes about. */
export function receiveOverSession({
  registry,
  repository,
  tags = [],
  attrs,
}: RegistryOutput): ImageReceiver {
  const receiver = registryExport(registry, repository);
  return {
    exporter: { type: 'oci', attrs: { ...attrs, tar: 'false' } },
    stores: new Map([[EXPORT_STORE, receiver.store]]),
    async finish(response, options) {
      const { descriptor } = resultOf(response);
      if (descriptor !== undefined) await receiver.finish(descriptor, { ...options, tags });
      return response;
    },
    close: async () => {},
  };
}
