import { expect, test } from 'vitest';
import { collect } from '../../src/registry/index.ts';
import { createArrivingBody, type ArrivingBody } from '../../src/transport/arriving-body.ts';

const KiB = 1024;

/** A body, and what it has asked of its connection. */
function arriving(announced?: number): { body: ArrivingBody; asked: string[] } {
  const asked: string[] = [];
  const body: ArrivingBody = createArrivingBody(
    {
      pause: () => void asked.push('pause'),
      resume: () => void asked.push('resume'),
      abort(reason) {
        asked.push('abort');
        body.fail(reason);
      },
    },
    announced,
  );
  return { body, asked };
}

test('what is there at once is there as a whole, and can be read as well', async () => {
  const { body, asked } = arriving();
  body.add(Buffer.from('hel'));
  expect(body.whole).toBe(undefined);
  body.add(Buffer.from('lo'));
  body.end();
  expect(String(body.whole)).toBe('hello');
  expect(String(Buffer.from(await collect(body.stream)))).toBe('hello');
  expect(body.whole).toBe(undefined);
  await body.discard();
  expect(asked).toEqual([]);
});

test('the server waits for a reader that is slower, and goes on when it has read', async () => {
  const { body, asked } = arriving();
  for (let at = 0; at < 3; at++) body.add(Buffer.alloc(64 * KiB));
  expect(asked).toEqual(['pause', 'pause']);
  const reader = body.stream[Symbol.asyncIterator]();
  await reader.next();
  expect(asked).toEqual(['pause', 'pause']);
  await reader.next();
  expect(asked).toEqual(['pause', 'pause', 'resume']);
});

test('a reader gets what came before the connection broke, and then the error', async () => {
  const { body } = arriving();
  const reader = body.stream[Symbol.asyncIterator]();
  const first = reader.next();
  body.add(Buffer.from('hello'));
  const error = new Error('broken');
  body.fail(error);
  expect(String((await first).value)).toBe('hello');
  await expect(reader.next()).rejects.toBe(error);
});

test('who leaves in the middle closes the connection; who leaves at the end does not', async () => {
  const middle = arriving();
  middle.body.add(Buffer.from('hello'));
  for await (const _ of middle.body.stream) break;
  expect(middle.asked).toEqual(['resume', 'abort']);
  const end = arriving();
  end.body.add(Buffer.from('hello'));
  end.body.end();
  for await (const _ of end.body.stream) break;
  expect(end.asked).toEqual([]);
});

test('what nobody wants is taken in if it is short, and else ends with the connection', async () => {
  const short = arriving(100 * KiB);
  const discarded = short.body.discard();
  short.body.add(Buffer.alloc(100 * KiB));
  short.body.end();
  await discarded;
  expect(short.asked).toEqual(['resume']);

  const announced = arriving(129 * KiB);
  await announced.body.discard();
  expect(announced.asked).toEqual(['abort']);

  const unannounced = arriving();
  const long = unannounced.body.discard();
  for (let at = 0; at < 3; at++) unannounced.body.add(Buffer.alloc(64 * KiB));
  await long;
  expect(unannounced.asked).toEqual(['resume', 'abort']);
});
