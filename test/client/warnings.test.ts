/** What registries have to say to their users. */
import { expect, test } from 'vitest';
import type { ClientEvent, RegistryClient } from '../../src/client/index.ts';
import type { Exchange } from '../../src/testing/index.ts';
import { all, during, failure } from './talk.ts';

const tagged = (warning: string | readonly string[], status = 200): Exchange => ({
  request: 'GET /v2/r/tags/list?n=1000',
  answer: { status, headers: { warning }, body: '{"tags":["1"]}' },
});
const tags = (registry: RegistryClient) => all(registry.tags('r'));

/** The texts that are told while something is done. */
async function told(rows: readonly Exchange[], act: (registry: RegistryClient) => Promise<unknown>) {
  const events: ClientEvent[] = [];
  await during(rows, act, { onEvent: (event) => void (event.type === 'warning' && events.push(event)) });
  return events;
}

test('C46: a warning is told, once for each text, and changes nothing', async () => {
  const rows = [tagged('299 - "going away"'), tagged('299 - "going away", 299 - "soon"')];
  const events = await told(rows, async (registry) => {
    expect(await tags(registry)).toEqual(['1']);
    expect(await tags(registry)).toEqual(['1']);
  });
  expect(events).toEqual([
    { type: 'warning', host: 'registry.test', text: 'going away' },
    { type: 'warning', host: 'registry.test', text: 'soon' },
  ]);
});

test('C46: also with an error', async () => {
  const events = await told([tagged('299 - "moved"', 404)], (registry) => failure(tags(registry)));
  expect(events).toMatchObject([{ text: 'moved' }]);
});

test('[A35] what a terminal would obey is shown, not sent', async () => {
  const [event] = await told([tagged('299 - "\u001b[2J\u009b\rhello"')], tags);
  expect(event).toMatchObject({ text: '\\x1b[2J\\x9b\\x0dhello' });
});

test('C46: no more than 50 texts are told', async () => {
  const texts = Array.from({ length: 60 }, (_, at) => `299 - "warning ${at}"`);
  expect(await told([tagged(texts)], tags)).toHaveLength(50);
});

test('C46: what another server says, to which we were sent, is no word of the registry', async () => {
  const rows = [
    { ...tagged([]), answer: { status: 307, headers: { location: 'https://cdn.test/tags' } } },
    {
      request: 'GET https://cdn.test/tags',
      answer: { headers: { warning: '299 - "buy"' }, body: '{"tags":[]}' },
    },
  ];
  expect(await told(rows, tags)).toEqual([]);
});
