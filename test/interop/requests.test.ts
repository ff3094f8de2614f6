import { describe, expect } from 'vitest';
import { copiers, printTable, type Copier } from './copiers.ts';
import { expectInRegistry, makeImage } from './images.ts';
import { dockerRegistry, proxy } from './servers.ts';
import { play } from './stage.ts';

/** The most requests that a job may take, at both registries together. */
const most = {
  image: { fresh: 21, again: 2, within: 10 },
  index: { fresh: 163, again: 2, within: 75 },
};
const subjects = {
  image: { platforms: 1, layers: 5, size: 20_000 },
  index: { platforms: 8, layers: 5, size: 20_000 },
};

type Counts = Readonly<Record<'fresh' | 'again' | 'within', number>>;

describe('requests of a copy between two registries', () => {
  play('as few as can be', ['docker-registry'], async (stage) => {
    const source = await proxy(stage, await dockerRegistry(stage));
    const rows: string[][] = [];
    const ours: Partial<Record<keyof typeof subjects, Counts>> = {};
    for (const what of ['image', 'index'] as const) {
      const layout = await makeImage(stage, what, subjects[what]);
      const from = `${source.host}/source/${what}:1`;
      await stage.stowage('copy', `oci-layout:${layout.directory}:latest`, from);
      await source.requests();

      const count = async ({ name, copy }: Copier): Promise<Counts> => {
        // A target of its own: nobody finds there what another has left.
        const target = await proxy(stage, await dockerRegistry(stage));
        const requests = async (from: string, to: string): Promise<number> => {
          await copy(from, to);
          return (await source.requests()) + (await target.requests());
        };
        const to = `${target.host}/target/${what}:1`;
        const fresh = await requests(from, to);
        await expectInRegistry(to, layout);
        await target.requests();
        const again = await requests(from, to);
        const other = `${source.host}/${name}/${what}:1`;
        const within = await requests(from, other);
        await expectInRegistry(other, layout);
        await source.requests();
        return { fresh, again, within };
      };
      for (const copier of copiers(stage)) {
        const counts = await count(copier);
        if (copier.name === 'stowage') ours[what] = counts;
        rows.push([`${what}: ${copier.name}`, ...Object.values(counts).map(String)]);
      }
    }
    const head = ['requests', 'fresh copy', 'same again', 'other repository'];
    printTable('docker-registry at both ends, image of 5 layers, index of 8 such images', head, rows);

    for (const what of ['image', 'index'] as const) {
      const { fresh = 0, again = 0, within = 0 } = ours[what] ?? {};
      expect(fresh, `fresh copy of an ${what}`).toBeLessThanOrEqual(most[what].fresh);
      expect(again, `the same ${what} again`).toBe(most[what].again);
      expect(within, `an ${what} within a registry`).toBeLessThanOrEqual(most[what].within);
    }
  });
});
