import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  formatReference,
  isHost,
  isRepository,
  isTag,
  parseReference,
  type Reference,
} from '../../src/oci/index.ts';
import { milliseconds, refusal } from './words.ts';

const F64 = `sha256:${'f'.repeat(64)}`;
const F128 = `sha512:${'f'.repeat(128)}`;

/** An input, and the parts that it is read as, or the words that it is refused with. */
type Row = readonly [row: number, text: string, expected: Readonly<Record<string, string>> | RegExp];

// The tests of cuelabs.dev/go/oci/ociregistry/ociref, and what Docker's grammar says beyond them.
const ROWS: readonly Row[] = [
  [1, 'test_com', { repository: 'test_com' }],
  [2, 'test.com:tag', { repository: 'test.com', tag: 'tag' }],
  [3, 'test.com:5000', { repository: 'test.com', tag: '5000' }],
  [4, 'test.com/repo:tag', { host: 'test.com', repository: 'repo', tag: 'tag' }],
  [5, 'test:5000/repo', { host: 'test:5000', repository: 'repo' }],
  [6, 'test:5000/repo:tag', { host: 'test:5000', repository: 'repo', tag: 'tag' }],
  [7, `test:5000/repo@${F64}`, { host: 'test:5000', repository: 'repo', digest: F64 }],
  [8, `test:5000/repo:tag@${F64}`, { host: 'test:5000', repository: 'repo', tag: 'tag', digest: F64 }],
  [9, '', /^empty reference$/],
  [10, ':justtag', /the repository is missing \(column 1\)/],
  [11, `@${F64}`, /the repository is missing \(column 1\)/],
  [12, `repo@sha256:${'f'.repeat(34)}`, /sha256 needs 64 hex characters, got 34 \(column 6\)/],
  [13, `validname@invalidDigest:${'f'.repeat(64)}`, /want algorithm:encoded \(column 11\)/],
  [14, 'Uppercase:tag', /must be lowercase \(column 1\)/],
  [15, 'test:5000/Uppercase/lowercase:tag', /must be lowercase \(column 11\)/],
  [16, 'lowercase:Uppercase', { repository: 'lowercase', tag: 'Uppercase' }],
  [17, `${'a/'.repeat(128)}a:tag`, /longer than 255 characters \(257\)/],
  [18, `${'a/'.repeat(127)}a:tag-..`, { repository: `${'a/'.repeat(127)}a`, tag: 'tag-..' }],
  [19, 'aa/asdf$$^/aa', /invalid path component "asdf\$\$\^" \(column 4\)/],
  [20, 'sub-dom1.foo.com/bar/baz/quux', { host: 'sub-dom1.foo.com', repository: 'bar/baz/quux' }],
  [21, 'foo_bar.com:8080', { repository: 'foo_bar.com', tag: '8080' }],
  [22, 'foo.com/bar:8080', { host: 'foo.com', repository: 'bar', tag: '8080' }],
  [23, 'foo/foo_bar.com:8080', { repository: 'foo/foo_bar.com', tag: '8080' }],
  [24, '192.168.1.1', { repository: '192.168.1.1' }],
  [25, '192.168.1.1:5000', { repository: '192.168.1.1', tag: '5000' }],
  [26, '192.168.1.1/repo', { host: '192.168.1.1', repository: 'repo' }],
  [26, '192.168.1.1:5000/repo:5050', { host: '192.168.1.1:5000', repository: 'repo', tag: '5050' }],
  [27, '[2001:db8::1]', /the repository is missing/],
  [27, '[2001:db8::1]:5000', /the repository is missing/],
  [27, '[2001:db8::1]:tag', /invalid port "tag"/],
  [28, '[2001:db8::1]/repo', { host: '[2001:db8::1]', repository: 'repo' }],
  [
    29,
    `[2001:db8::1]:5000/repo:tag@${F64}`,
    { host: '[2001:db8::1]:5000', repository: 'repo', tag: 'tag', digest: F64 },
  ],
  [30, '[2001:db8::]:5000/repo', { host: '[2001:db8::]:5000', repository: 'repo' }],
  [31, '[::1]:5000/repo', { host: '[::1]:5000', repository: 'repo' }],
  [32, '[fe80::1%eth0]:5000/repo', /invalid IPv6 address "\[fe80::1%eth0\]" \(column 1\)/],
  [
    33,
    'b.gcr.io/test.example.com/my-app:test.example.com',
    { host: 'b.gcr.io', repository: 'test.example.com/my-app', tag: 'test.example.com' },
  ],
  [34, 'xn--n3h.com/myimage:xn--n3h.com', { host: 'xn--n3h.com', repository: 'myimage', tag: 'xn--n3h.com' }],
  [
    35,
    `xn--7o8h.com/myimage:xn--7o8h.com@${F128}`,
    { host: 'xn--7o8h.com', repository: 'myimage', tag: 'xn--7o8h.com', digest: F128 },
  ],
  [45, 'localhost/foo', { repository: 'localhost/foo' }],
  [46, 'localhost:5000/foo', { host: 'localhost:5000', repository: 'foo' }],
  [46, 'localhost:5000', { repository: 'localhost', tag: '5000' }],
  [47, 'Uppercase/lowercase:tag', /must be lowercase \(column 1\)/],
  [48, 'Foo.com/bar', { host: 'Foo.com', repository: 'bar' }],
  [48, 'FOO:5000/bar', { host: 'FOO:5000', repository: 'bar' }],
  [49, 'repo:', /empty tag \(column 6\)/],
  [49, 'repo@', /invalid digest "".*\(column 6\)/],
  [49, 'repo:tag@', /invalid digest "".*\(column 10\)/],
  [50, 'repo:a:b', /the tag contains ":" \(column 7\)/],
  [51, 'a__b', { repository: 'a__b' }],
  [51, 'a___b', /invalid path component "a___b"/],
  [51, 'a._b', /invalid path component/],
  [51, 'a-_b', /invalid path component/],
  // The model takes the rest for a tag; that there is a scheme is what the user wants to hear.
  [52, 'https://foo.com/bar', /remove the scheme "https:\/\/" \(column 1\)/],
  [53, 'sha256:abc', { repository: 'sha256', tag: 'abc' }],
  [54, 'foo.com:/bar', /a tag must start with.* \(column 9\)/],
  // The model does not look at the number; here a port above 65535 is refused: no request could go there.
  [55, 'foo.com:99999999/bar', /invalid port "99999999" \(column 1\)/],
  [56, 'a_b.com/c', { repository: 'a_b.com/c' }],
  [56, 'a_b.com:80/c', /the tag contains "\/" \(column 11\)/],
];

// Rows of the bad-input corpus (conformance-security.md, section 6). The columns are counted from 1.
const CORPUS: readonly Row[] = [
  [1, '', /^empty reference$/],
  [2, 'UPPER/repo:tag', /must be lowercase \(column 1\)/],
  [2, 'repo/xUPPER', /must be lowercase \(column 7\)/],
  [3, 'repo:', /empty tag \(column 6\)/],
  [4, 'repo:-tag', /a tag must start with a letter, a digit or an underscore \(column 6\)/],
  [4, 'repo:.tag', /a tag must start with/],
  [5, `repo:${'t'.repeat(129)}`, /the tag is longer than 128 characters \(129\) \(column 6\)/],
  [6, `repo@sha256:${'ABC'.repeat(21)}A`, /sha256 needs lowercase hex characters \(column 6\)/],
  [7, `repo@sha256:${'f'.repeat(63)}`, /sha256 needs 64 hex characters, got 63/],
  [8, 'repo@md5:d41d8cd98f00b204e9800998ecf8427e', /unsupported digest algorithm md5 \(column 6\)/],
  [8, `repo@sha384:${'f'.repeat(96)}`, /unsupported digest algorithm sha384/],
  [9, 'repo@sha256:../../../../etc/passwd', /invalid digest "sha256:\.\.\/.*want algorithm:encoded/],
  [10, 'host:99999/repo', /invalid port "99999"/],
  [10, 'host:0x50/repo', /invalid port "0x50"/],
  [11, 'http://host/repo', /remove the scheme "http:\/\/"/],
  [12, 'host.example/a//b', /empty or dot path component \(column 16\)/],
  [12, 'host.example/a/../b', /empty or dot path component \(column 16\)/],
  [12, 'host.example/a/./b', /empty or dot path component \(column 16\)/],
  [12, 'host/a//b', /empty or dot path component \(column 8\)/],
  [13, `host.example/${'a'.repeat(243)}`, /longer than 255 characters \(256\)/],
  [14, 'host/r%2fx', /invalid path component "r%2fx"/],
  [14, 'host/r?x', /invalid path component/],
  [14, 'host/r#x', /invalid path component/],
  [
    14,
    'host/r\nX: y',
    /^invalid reference "host\/r\\x0aX: y": character "\\x0a" is not allowed \(column 7\)$/,
  ],
  [16, '127.0.0.1.evil.example/r', { host: '127.0.0.1.evil.example', repository: 'r' }],
  [17, '[::1]:5000/r', { host: '[::1]:5000', repository: 'r' }],
  [17, '[::1/r', /unclosed IPv6 bracket \(column 1\)/],
  [18, 'host/ｒepo', /character "\\u\{ff52\}" is not allowed \(column 6\)/],
  [18, 'host/re\u0301po', /character "\\u\{301\}" is not allowed \(column 8\)/],
];

function check([, text, expected]: Row): void {
  if (expected instanceof RegExp) {
    const error = refusal(() => parseReference(text));
    expect(error.subject).toBe('reference');
    expect(error.message).toMatch(expected);
  } else {
    expect(parseReference(text)).toEqual(expected);
    expect(formatReference(expected as unknown as Reference)).toBe(text);
  }
}

describe('parseReference', () => {
  test.each(ROWS)('row %i: %s', (...row) => check(row));
  test.each(CORPUS)('corpus %i: %s', (...row) => check(row));
});

// Rows 36 to 44 of the table ask for one part alone.
describe('parts', () => {
  test.each([
    ['localhost', false],
    ['localhost:1234', true],
    ['foo..com', false],
    ['[::1]:3456', true],
    ['foo.com:65535', true],
    ['foo.com:65536', false],
  ] as const)('isHost %s: %s', (text, is) => expect(isHost(text)).toBe(is));

  test.each([
    ...(['a-b---c', 'a.b.c9', 'x'.repeat(255)] as const).map((name) => [name, true] as const),
    ...['a..b', '.a', 'a.', '-a', 'a-', '_a', 'a_', 'A', '', '/a', 'a/', 'x'.repeat(256)].map(
      (name) => [name, false] as const,
    ),
  ])('isRepository %s: %s', (text, is) => expect(isRepository(text)).toBe(is));

  test.each([
    ...['_', '___', 'ABC_D', 'foo....___---', 'v1.2.3-alpha.0', 'x'.repeat(128)].map(
      (tag) => [tag, true] as const,
    ),
    ...['v4.3+something', 'foo@bar', 'café', 'x'.repeat(129), '', 'a\n'].map((tag) => [tag, false] as const),
  ])('isTag %s: %s', (text, is) => expect(isTag(text)).toBe(is));
});

const word = fc.stringMatching(/^[a-z0-9]{1,8}$/);
const component = fc
  .array(fc.tuple(word, fc.constantFrom('.', '_', '__', '-', '--')), { maxLength: 2 })
  .chain((parts) => word.map((last) => parts.flat().join('') + last));
const label = fc.stringMatching(/^[A-Za-z0-9](?:[A-Za-z0-9-]{0,5}[A-Za-z0-9])?$/);
const port = fc.integer({ min: 0, max: 65_535 });
const host = fc.oneof(
  fc.array(label, { minLength: 2, maxLength: 4 }).map((labels) => labels.join('.')),
  fc.tuple(label, port).map(([name, number]) => `${name}:${number}`),
  fc.ipV6().map((address) => `[${address}]`),
  fc.tuple(fc.ipV6(), port).map(([address, number]) => `[${address}]:${number}`),
);
const reference = fc
  .record(
    {
      host,
      repository: fc
        .array(component, { minLength: 1, maxLength: 4 })
        .map((components) => components.join('/')),
      tag: fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}$/),
      digest: fc.constantFrom(F64, F128),
    },
    { requiredKeys: ['repository'] },
  )
  // Without a host, a first component with a dot would be one.
  .filter((it) => it.host !== undefined || !/^[^/]*\..*\//.test(it.repository)) as fc.Arbitrary<Reference>;

describe('for all', () => {
  test('references: reading what was written gives the same', () => {
    fc.assert(
      fc.property(reference, (it) => {
        const text = formatReference(it);
        expect(parseReference(text)).toEqual(it);
        expect(formatReference(parseReference(text))).toBe(text);
      }),
      { numRuns: 1000 },
    );
  });

  test('texts: nothing is thrown but a refusal, and what is taken is written as it came', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 80 }),
      fc
        .array(fc.constantFrom('a', 'Z', '0', '.', '/', ':', '@', '[', ']', '-', '_', 'sha256', F64), {
          maxLength: 12,
        })
        .map((pieces) => pieces.join('')),
    );
    fc.assert(
      fc.property(text, (it) => {
        let parsed: Reference | undefined;
        try {
          parsed = parseReference(it);
        } catch {
          refusal(() => parseReference(it));
        }
        if (parsed !== undefined) expect(formatReference(parsed)).toBe(it);
      }),
      { numRuns: 3000 },
    );
  });
});

// Corpus, row 15.
test.each([
  ['a-', 'a-'.repeat(500_000)],
  ['a.', 'a.'.repeat(500_000)],
  ['a tag of a-', `r:${'a-'.repeat(500_000)}`],
  ['as long as is read at all', 'a-'.repeat(270)],
  ['a host as long as is read at all', `${'a-'.repeat(260)}.com/x`],
])('a megabyte of %s is refused in no time', (_, text) => {
  expect(refusal(() => parseReference(text)).message.length).toBeLessThan(400);
  expect(milliseconds(() => refusal(() => parseReference(text)))).toBeLessThan(50);
});
