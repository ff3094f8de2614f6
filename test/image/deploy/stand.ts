import {
  deploy,
  parseDocument,
  pendingDocuments,
  type Deployed,
  type DeployDocument,
  type DeployOptions,
  type DeployStep,
  type PlacedDocument,
} from '../../../src/image/index.ts';
import { digestOf } from '../../../src/oci/index.ts';
import { intercept, type Operation, type Registry } from '../../../src/registry/index.ts';

/** Registries by their hosts, and what they were asked: `host: name repository reference`. */
export interface Stand {
  readonly asked: string[];
  readonly registryOf: (host: string) => Registry;
}

/** Has registries note what they are asked, with the names of things in place of digests. */
export function stand(
  registries: Readonly<Record<string, Registry>>,
  named: (text: string) => string,
): Stand {
  const asked: string[] = [];
  const noting = new Map(
    Object.entries(registries).map(([host, registry]) => [
      host,
      intercept(registry, (operation, next) => {
        asked.push(named(lineOf(operation)));
        return next(operation);
      }),
    ]),
  );
  return {
    asked,
    registryOf(host) {
      const registry = noting.get(host);
      if (registry === undefined) throw new Error(`nobody was to ask ${host}`);
      return registry;
    },
  };
}

function lineOf(operation: Operation): string {
  if (!('repository' in operation)) return operation.name;
  const { name, repository } = operation;
  switch (operation.name) {
    case 'pushManifest':
      return [name, repository, digestOf(operation.bytes), ...(operation.options.tags ?? [])].join(' ');
    case 'pushBlob':
      return `${name} ${repository} ${operation.descriptor.digest}`;
    default:
      return [
        name,
        repository,
        ...('reference' in operation
          ? [operation.reference]
          : 'digest' in operation
            ? [operation.digest]
            : []),
      ].join(' ');
  }
}

/** Documents as they come out of a stream. */
export function numbered(documents: readonly object[]): readonly PlacedDocument[] {
  return documents.map((document, at) => ({
    ...parseDocument(JSON.stringify(document)),
    number: at + 1,
    line: at + 1,
  }));
}

/** A manifest or index of a graph, as bytes that a document carries. */
export function inBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

/** Deploys, and tells the steps as well. */
export async function deployed(
  documents: readonly PlacedDocument[],
  options: DeployOptions,
): Promise<Deployed & { readonly steps: readonly DeployStep[] }> {
  const steps: DeployStep[] = [];
  const sum = await deploy(documents, { ...options, onStep: (step) => void steps.push(step) });
  return { ...sum, steps };
}

/** What a deploy would change. */
export async function pending(
  documents: readonly PlacedDocument[],
  options: DeployOptions,
): Promise<readonly DeployDocument[]> {
  const found: DeployDocument[] = [];
  for await (const document of pendingDocuments(documents, options)) found.push(document);
  return found;
}
