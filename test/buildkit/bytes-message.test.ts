import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { bytesHead, bytesPayloads } from '../../src/buildkit/session/bytes-message.ts';
import { BytesMessageSchema } from '../../src/buildkit/proto/control_pb.ts';

/** A message as the library for them writes it, with what gRPC puts before it. */
function written(data: Uint8Array): Buffer {
  const message = toBinary(BytesMessageSchema, create(BytesMessageSchema, { data }));
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

const LENGTHS = [1, 127, 128, 16_383, 16_384, 65_520];

test.each(LENGTHS)('%i bytes are written as the library writes them', (length) => {
  const data = Buffer.alloc(length, 7);
  expect(Buffer.concat([bytesHead(length), data]).equals(written(data))).toBe(true);
  expect(
    fromBinary(BytesMessageSchema, Buffer.concat([bytesHead(length), data]).subarray(5)).data,
  ).toHaveLength(length);
});

describe('what is in messages is found', () => {
  const stream = Buffer.concat([0, ...LENGTHS].map((length, at) => written(Buffer.alloc(length, at))));
  const payload = Buffer.concat([0, ...LENGTHS].map((length, at) => Buffer.alloc(length, at)));

  test.each([1, 4, 7, 1000, stream.length])('in pieces of %i bytes', (size) => {
    const payloads = bytesPayloads();
    const found: Buffer[] = [];
    for (let at = 0; at < stream.length; at += size) found.push(...payloads(stream.subarray(at, at + size)));
    expect(Buffer.concat(found).equals(payload)).toBe(true);
  });
});

test.each([
  ['is compressed', [1, 0, 0, 0, 3, 0x0a, 1, 7]],
  ['has another field', [0, 0, 0, 0, 3, 0x12, 1, 7]],
  ['has more than its bytes', [0, 0, 0, 0, 5, 0x0a, 1, 7, 8, 9]],
  ['has a length without end', [0, 0, 0, 0, 9, 0x0a, 255, 255, 255, 255, 255, 255]],
])('a message that %s is refused', (_what, bytes) => {
  expect(() => bytesPayloads()(Buffer.from(bytes))).toThrow('the builder has sent a message that is');
});
