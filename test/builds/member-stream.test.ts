import { expect, it, test } from 'vitest';
import { memberStream, type TextSource } from '../../src/json/index.ts';
import { members, type Member } from '../../src/json/index.ts';

async function read(source: TextSource): Promise<Member[]> {
  const found: Member[] = [];
  for await (const member of memberStream(source)) found.push(member);
  return found;
}

const text = ' {"a\\"{": {"x": [1, "}\\\\"]}, \n"b":2 ,"é😀" : "," }\n';

test('members are the same, wherever the pieces of the text are cut', async () => {
  const whole = [...members(text)];
  expect(whole).toHaveLength(3);
  expect(await read(text)).toEqual(whole);
  for (let at = 1; at < text.length; at++)
    expect(await read([text.slice(0, at), text.slice(at)])).toEqual(whole);
  expect(await read([...new TextEncoder().encode(text)].map((byte) => Uint8Array.of(byte)))).toEqual(whole);
});

test('of an object of nothing, nothing', async () => {
  expect(await read(' { } ')).toEqual([]);
});

test('a member comes when it is whole, before the text is', async () => {
  const endless = async function* (): AsyncGenerator<string> {
    yield '{"a":1,';
    throw new Error('who asks for more, gets this');
  };
  const stream = memberStream(endless());
  expect((await stream.next()).value).toEqual({ name: 'a', value: '1' });
  await expect(stream.next()).rejects.toThrow('who asks for more');
});

it.each([
  ['[1,2]', 'not a JSON object (line 1, column 1)'],
  ['', 'not a JSON object'],
  ['{"a":1,}', 'a name is expected (line 1, column 8)'],
  ['{"a":1,,"b":2}', 'a name is expected (line 1, column 8)'],
  ['{"a":1,\n "b" 2}', '":" is expected after "b" (line 2, column 6)'],
  ['{"a":1,\n\n"b":2', 'the document ends in the middle (line 3, column 6)'],
  ['{"a":1} {"b":2,"c":3}', 'there is more behind the end of the document (line 1, column 9)'],
])('refuses %j', async (malformed, message) => {
  await expect(read(malformed)).rejects.toThrow(message);
});

test('refuses what is not UTF-8', async () => {
  await expect(read([Uint8Array.of(0x7b, 0xff)])).rejects.toThrow('not valid UTF-8');
});
