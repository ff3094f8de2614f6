import { describe, expect, test } from 'vitest';
import { deploy, planDeploy, type PlanStage } from '../../../src/image/index.ts';
import type { Plan } from '../../../src/plan/index.ts';
import { memoryRegistry } from '../../../src/store/memory/index.ts';
import { multi } from '../graph.ts';
import { inBase64, numbered, stand } from './stand.ts';

const carried = (name: string, refs: readonly string[], staging = 'r.test/staging'): object => ({
  type: 'manifest',
  refs,
  lookup: { '': staging },
  data: inBase64(multi.bytes(name)),
});
const planned = (documents: readonly object[], options = {}): Plan['requests'] =>
  planDeploy(numbered(documents), options).requests;
/** The most layers that the bytes of an image leave room for. */
const room = (name: string): number => Math.floor((multi.bytes(name).length - 39) / 112);

describe('from the documents alone', () => {
  test('a preview asks for each reference, once', () => {
    const documents = [carried('index', ['r.test/app:1', 'r.test/app']), carried('index', ['r.test/app:1'])];
    expect(planned(documents, { dryRun: true })).toEqual({ 'HEAD manifest': 2 });
  });

  test('an image: refused, its layers mounted, pushed under its tags', () => {
    expect(planned([carried('amd', ['r.test/app:1'])])).toEqual({
      'HEAD manifest': 1,
      'POST upload': 3,
      'PUT manifest': 2,
    });
  });

  test('of another registry, its layers are read and sent', () => {
    expect(planned([carried('amd', ['r.test/app:1'], 's.test/staging')])).toEqual({
      'HEAD manifest': 1,
      'GET blob': 3,
      'POST upload': 3,
      'PUT upload': 3,
      'PUT manifest': 2,
    });
    expect(
      planned([carried('amd', ['r.test/app:1'], 's.test/staging')], { requestsToSend: () => 3 }),
    ).toMatchObject({ 'PATCH upload': 6, 'PUT upload': 3 });
  });

  test('an index: its images are read, and may have as many layers as they have room for', () => {
    expect(planned([carried('index', ['r.test/app:1', 'r.test/app:2'])])).toEqual({
      'HEAD manifest': 2,
      'GET manifest': 3,
      'POST upload': room('amd') + room('arm') + room('att'),
      // Three images; the index refused, then under two tags; and one to learn whether both can go at once.
      'PUT manifest': 3 + 1 + 2 + 1,
    });
  });

  test('what earlier documents bring is not counted again', () => {
    const images = ['amd', 'arm', 'att'].map((name) => carried(name, ['r.test/app']));
    expect(
      planned([...images, carried('index', ['r.test/app:1']), carried('index', ['r.test/app:2'])]),
    ).toEqual({
      'HEAD manifest': 5,
      'POST upload': 7,
      'PUT manifest': 3 * 2 + 1 + 1,
    });
  });

  test('copies are read; blobs are mounted, or sent', () => {
    const digest = multi.digest('amd-layer');
    const blob = (staging: string): object => ({
      type: 'blob',
      refs: ['r.test/app'],
      lookup: { [digest]: staging },
    });
    expect(planned([blob('r.test/staging')])).toEqual({ 'HEAD blob': 1, 'POST upload': 1 });
    expect(planned([blob('s.test/staging')])).toEqual({
      'HEAD blob': 2,
      'GET blob': 1,
      'POST upload': 1,
      'PUT upload': 1,
    });
    const tag = { type: 'manifest', refs: ['r.test/app:1'], lookup: { '': 'r.test/staging:1' } };
    expect(planned([tag])).toEqual({ 'HEAD manifest': 2, 'GET manifest': 1, 'PUT manifest': 2 });
  });
});

test('the plan is told anew when it is known what is there, and exact in the end', async () => {
  const registry = memoryRegistry();
  await multi.push(registry, 'staging');
  const { registryOf } = stand({ 'r.test': registry }, multi.named);
  const run = async (): Promise<readonly (readonly [PlanStage, Plan['requests']])[]> => {
    const told: (readonly [PlanStage, Plan['requests']])[] = [];
    const documents = numbered([carried('index', ['r.test/app:1'])]);
    await deploy(documents, {
      registryOf,
      onPlan: ({ requests }, stage) => void told.push([stage, requests]),
    });
    return told.filter(([stage]) => stage !== 'reading');
  };
  const most = {
    'HEAD manifest': 1,
    'GET manifest': 3,
    'POST upload': room('amd') + room('arm') + room('att'),
    'PUT manifest': 5,
  };
  expect(await run()).toEqual([
    ['documents', most],
    ['survey', most],
    ['end', { ...most, 'POST upload': 7 }],
  ]);
  expect((await run()).slice(1)).toEqual([
    ['survey', { 'HEAD manifest': 1 }],
    ['end', { 'HEAD manifest': 1 }],
  ]);
});
