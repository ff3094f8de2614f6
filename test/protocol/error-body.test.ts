import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  digestOfDetail,
  formatError,
  formatErrors,
  parseErrors,
  type WireError,
} from '../../src/protocol/index.ts';
import { RegistryError, type ErrorFacts } from '../../src/registry/index.ts';
import { bytes, named } from '../oci/words.ts';

/** An error as it travels: its status, and what clients read. */
function wire(code: string, facts: ErrorFacts = {}): { status: number; errors: readonly WireError[] } {
  const { status, body } = formatError(new RegistryError(code, 'a message', facts));
  return { status, errors: parseErrors(body) };
}

describe('a code has its status', () => {
  // @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes
  test.each([
    ['BLOB_UNKNOWN', 404],
    ['BLOB_UPLOAD_INVALID', 400],
    ['BLOB_UPLOAD_UNKNOWN', 404],
    ['DIGEST_INVALID', 400],
    ['MANIFEST_BLOB_UNKNOWN', 404],
    ['MANIFEST_INVALID', 400],
    ['MANIFEST_UNKNOWN', 404],
    ['NAME_INVALID', 400],
    ['NAME_UNKNOWN', 404],
    ['SIZE_INVALID', 400],
    ['UNAUTHORIZED', 401],
    ['DENIED', 403],
    ['UNSUPPORTED', 405],
    ['TOOMANYREQUESTS', 429],
  ])('%s: %i', (code, status) => {
    expect(wire(code)).toEqual({ status, errors: [{ code, message: 'a message' }] });
    // Not the one of a registry further up.
    expect(wire(code, { status: 503 }).status).toBe(status);
  });

  // Codes that the specification does not have travel as those that clients know.
  test.each([
    ['TAG_INVALID', {}, 400, 'MANIFEST_INVALID'],
    ['RANGE_INVALID', { status: 416 }, 416, 'BLOB_UPLOAD_INVALID'],
    ['REFERENCE_INVALID', {}, 400, 'NAME_INVALID'],
    ['REFERENCE_AMBIGUOUS', {}, 409, 'UNKNOWN'],
    ['DIGEST_MISMATCH', {}, 500, 'UNKNOWN'],
    ['UNAVAILABLE', { status: 502 }, 502, 'UNKNOWN'],
    ['UNAVAILABLE', {}, 502, 'UNKNOWN'],
    ['MANIFEST_INVALID', { status: 413 }, 413, 'MANIFEST_INVALID'],
    ['UNSUPPORTED', { status: 414 }, 414, 'UNSUPPORTED'],
    ['UNSUPPORTED', { status: 400 }, 400, 'UNSUPPORTED'],
    // Harbor's.
    ['NOT_FOUND', { status: 404 }, 404, 'NOT_FOUND'],
  ] as const)('%s %j: %i %s', (code, facts, status, onTheWire) => {
    expect(wire(code, facts)).toMatchObject({ status, errors: [{ code: onTheWire }] });
  });

  test.each(['constructor', '__proto__', 'toString', 'hasOwnProperty'])(
    '%s is a code that nobody knows',
    (code) => {
      expect(wire(code)).toMatchObject({ status: 500, errors: [{ code: 'UNKNOWN' }] });
    },
  );

  // An answer further up that was not the one hoped for makes an error whose status is no error's.
  test.each([0, 100, 200, 202, 301, 304, 600, 999, Number.NaN, 404.5])(
    'status %s is no failure: 500',
    (status) => {
      expect(wire('UNKNOWN', { status }).status).toBe(500);
      expect(wire('RESPONSE_INVALID', { status }).status).toBe(500);
    },
  );
});

describe('details', () => {
  const missing = [named('a layer'), named('a config')];

  test('of missing children: an error for each, as distribution does it', () => {
    expect(wire('MANIFEST_BLOB_UNKNOWN', { detail: missing }).errors).toEqual(
      missing.map((digest) => ({ code: 'MANIFEST_BLOB_UNKNOWN', message: 'a message', detail: { digest } })),
    );
    expect(wire('MANIFEST_BLOB_UNKNOWN', { detail: [] }).errors).toHaveLength(1);
    expect(wire('MANIFEST_BLOB_UNKNOWN').errors).toHaveLength(1);
  });

  test('travel as they are', () => {
    expect(wire('DENIED', { detail: { a: [1, null] } }).errors[0]?.detail).toEqual({ a: [1, null] });
  });

  test('that are no JSON stay behind', () => {
    const circle: { self?: unknown } = {};
    circle.self = circle;
    for (const detail of [circle, 1n, () => {}, Symbol('x')]) {
      expect(wire('DENIED', { detail }).errors).toEqual([{ code: 'DENIED', message: 'a message' }]);
    }
  });

  test.each([
    [missing[0], missing[0]],
    [{ digest: 'x' }, 'x'],
    [{ Digest: 'x' }, 'x'],
    [{ digest: 7 }, undefined],
    [[missing[0] as string], undefined],
    [null, undefined],
    [undefined, undefined],
  ])('digestOfDetail %j: %s', (detail, digest) => expect(digestOfDetail(detail)).toBe(digest));
});

describe('bodies', () => {
  test.each<readonly [string, readonly WireError[]]>([
    ['{"errors":[{"code":"DENIED","message":"no"}]}', [{ code: 'DENIED', message: 'no' }]],
    ['{"errors":[{"code":"DENIED"}]}', [{ code: 'DENIED', message: '' }]],
    ['{"errors":[{}]}', [{ code: 'UNKNOWN', message: '' }]],
    ['{"errors":[{"code":7,"message":[]}]}', [{ code: 'UNKNOWN', message: '' }]],
    ['{"errors":[null,"x",[],{"code":"A","detail":null}]}', [{ code: 'A', message: '', detail: null }]],
    ['{"errors":null}', []],
    ['{"errors":{}}', []],
    ['{"error":"x"}', []],
    ['[]', []],
    ['null', []],
    ['', []],
    ['<html>502 Bad Gateway</html>', []],
    ['{"errors":[{"code":"DENIED"', []],
  ])('%s', (body, errors) => expect(parseErrors(bytes(body))).toEqual(errors));

  test('escape sequences are shown, and long texts cut', () => {
    const [error] = parseErrors(
      formatErrors([{ code: 'X'.repeat(1000), message: `\u001b[2J${'y'.repeat(10_000)}` }]),
    );
    expect(error?.code.length).toBeLessThan(100);
    expect(error?.message).toMatch(/^\\x1b\[2Jy/);
    expect(error?.message.length).toBeLessThan(600);
  });

  test('for all bytes: nothing is thrown', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (it) => void parseErrors(it)));
    fc.assert(fc.property(fc.jsonValue(), (it) => void parseErrors(bytes(JSON.stringify({ errors: it })))));
  });
});
