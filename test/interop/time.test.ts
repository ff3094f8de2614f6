import { describe, expect } from 'vitest';
import { copiers, printTable } from './copiers.ts';
import { makeImage } from './images.ts';
import { dockerRegistry, proxy } from './servers.ts';
import { play } from './stage.ts';

const ROUNDS = 3;
const subjects = {
  image: { platforms: 1, layers: 5 },
  index: { platforms: 8, layers: 5, size: 200_000 },
};

// Whole processes, start-up included, each time into a new repository of the same two registries 40 ms away. All take
// turns, so that a slow moment of the machine meets everybody, and the best of a few rounds counts.
describe.each(['image', 'index'] as const)('the time of a fresh copy of an %s', (what) => {
  play(
    'is not longer than with the fastest of crane, oras and skopeo',
    ['docker-registry', 'crane', 'oras', 'skopeo'],
    async (stage) => {
      const from = await dockerRegistry(stage);
      const source = await proxy(stage, from, '--latency', '40');
      const target = await proxy(stage, await dockerRegistry(stage), '--latency', '40');
      const layout = await makeImage(stage, what, subjects[what]);
      await stage.stowage('copy', `oci-layout:${layout.directory}:latest`, `${from.host}/source:1`);

      const all = copiers(stage);
      const best = new Map(all.map(({ name }) => [name, Infinity]));
      for (let round = 0; round < ROUNDS; round++) {
        for (const { name, copy } of all) {
          const started = performance.now();
          await copy(`${source.host}/source:1`, `${target.host}/${name}/${round}:1`);
          best.set(name, Math.min(best.get(name) ?? Infinity, performance.now() - started));
        }
      }
      const ours = best.get('stowage') ?? Infinity;
      const rows = [...best].map(([name, time]) => [name, time.toFixed(0), (time / ours).toFixed(2)]);
      printTable(`fresh copy of an ${what}, 40 ms away`, ['program', 'best, ms', 'ours = 1'], rows);
      expect(ours).toBeLessThanOrEqual(Math.min(...best.values()));
    },
    120_000,
  );
});
