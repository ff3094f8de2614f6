import { describe, expect, it } from 'vitest';
import {
  escapeHtml,
  formatJson,
  formatText,
  jsonDocuments,
  members,
  parseOrdered,
} from '../../src/json/index.ts';

const texts = async (...chunks: (string | Uint8Array)[]): Promise<string[]> => {
  const found: string[] = [];
  const stream = async function* (): AsyncGenerator<string | Uint8Array> {
    yield* chunks;
  };
  for await (const { text, line } of jsonDocuments(stream())) found.push(`${line}: ${text}`);
  return found;
};

describe('parseOrdered and formatJson', () => {
  it.each([
    ['names that look like numbers', '{"b":1,"10":2,"9":3,"a":4}'],
    ['numbers of many digits', '[12345678901234567890,1.50,1e400,-0]'],
    ['a name that objects have by themselves', '{"__proto__":{"x":1},"constructor":null}'],
    ['what is empty', '[{},[],"",null,true,false]'],
  ])('keeps %s', (_, text) => {
    expect(formatJson(parseOrdered(text), { compact: true })).toBe(text);
  });

  it('lets the last of two equal names count, at the place of the first', () => {
    expect(formatJson(parseOrdered('{"a":1,"b":2,"a":3}'), { compact: true })).toBe('{"a":3,"b":2}');
  });

  it('indents by tabs, as jq does', () => {
    expect(formatJson(parseOrdered('{"a":[1,{"b":"<é>"}],"c":{},"d":[]}'))).toBe(
      '{\n\t"a": [\n\t\t1,\n\t\t{\n\t\t\t"b": "<é>"\n\t\t}\n\t],\n\t"c": {},\n\t"d": []\n}',
    );
  });

  it('unescapes what need not be escaped, and escapes what jq does', () => {
    expect(formatJson(parseOrdered(String.raw`"\u00e9\/\u007f\u0001\ud800\ud83d\ude00"`))).toBe(
      '"é/\\u007f\\u0001\uFFFD😀"',
    );
  });

  it('escapes as Go does, where it is told to', () => {
    expect(escapeHtml(formatJson('<a href="?b&c">\u2028'))).toBe(
      String.raw`"\u003ca href=\"?b\u0026c\"\u003e\u2028"`,
    );
  });

  it('refuses what is no JSON, or too deep', () => {
    expect(() => parseOrdered('{"a":}')).toThrow('not valid JSON');
    expect(() => parseOrdered('['.repeat(600) + ']'.repeat(600))).toThrow('nested deeper than 512 levels');
  });
});

describe('members', () => {
  it('gives the members of an object, as text', () => {
    expect([...members(' { "a\\"b" : {"x": "}"} , "c":[1, 2],"d" : "\\\\" }\n')]).toEqual([
      { name: 'a"b', value: '{"x": "}"}' },
      { name: 'c', value: '[1, 2]' },
      { name: 'd', value: String.raw`"\\"` },
    ]);
    expect([...members('{}')]).toEqual([]);
  });

  it.each([
    ['[1]', 'not a JSON object (line 1, column 1)'],
    ['{"a":1,}', 'a name is expected (line 1, column 8)'],
    ['{"a":1\n"b":2}', '"," or "}" is expected after the value of "a" (line 2, column 1)'],
    ['{"a" 1}', '":" is expected after "a" (line 1, column 6)'],
    ['{"a":{"b":1}', 'the document ends in the middle'],
    ['{"a":[1', 'the value of "a" is missing, or ends in the middle (line 1, column 6)'],
    ['{"a":}', 'the value of "a" is missing'],
    ['{} {}', 'there is more behind the end of the document (line 1, column 4)'],
    ['', 'not a JSON object'],
  ])('refuses %j', (text, message) => {
    expect(() => [...members(text)]).toThrow(message);
  });
});

describe('jsonDocuments', () => {
  it('finds documents wherever the chunks are cut', async () => {
    const text = '{"a": "}{"}\n\n[1,\n2] 12 "x\\"y" true\n';
    const whole = ['1: {"a": "}{"}', '3: [1,\n2]', '4: 12', '4: "x\\"y"', '4: true'];
    expect(await texts(text)).toEqual(whole);
    for (let at = 1; at < text.length; at++)
      expect(await texts(text.slice(0, at), text.slice(at))).toEqual(whole);
    expect(await texts(...Array.from(text))).toEqual(whole);
  });

  it('puts together characters of which each chunk has a part', async () => {
    const bytes = new TextEncoder().encode('"é😀"');
    expect(await texts(...[...bytes].map((byte) => Uint8Array.of(byte)))).toEqual(['1: "é😀"']);
  });

  it('takes the last document without a line end', async () => {
    expect(await texts('1', '2')).toEqual(['1: 12']);
  });

  it('refuses a stream that ends in the middle', async () => {
    await expect(texts('{}\n', '{"a":')).rejects.toThrow('document 2, line 2: ends in the middle');
    await expect(texts(Uint8Array.of(0xff))).rejects.toThrow('not valid UTF-8');
  });
});

describe('formatText', () => {
  it.each([
    ['{\n  "a": "x",\n  "b": [\n    1\n  ]\n}', '{\n\t"a": "x",\n\t"b": [\n\t\t1\n\t]\n}'],
    ['{"b":1,"10":2,"9":3}', '{\n\t"b": 1,\n\t"10": 2,\n\t"9": 3\n}'],
    ['{"n": 12345678901234567890, "m": 1.50}', '{\n\t"n": 12345678901234567890,\n\t"m": 1.50\n}'],
    ['{"a":1,"a":2}', '{\n\t"a": 2\n}'],
    ['{"a":"\\": "}', '{\n\t"a": "\\": "\n}'],
    ['{"__proto__": 1}', '{\n\t"__proto__": 1\n}'],
    ['"\u007f"', '"\\u007f"'],
    [' [ ] ', '[]'],
  ])('formats %j, and loses nothing', (text, formatted) => {
    expect(formatText(text)).toBe(formatted);
    expect(formatJson(parseOrdered(text))).toBe(formatted);
  });

  it('refuses what is no JSON', () => {
    expect(() => formatText('{"a":')).toThrow('not valid JSON');
  });
});
