import { create, toBinary } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { answerHead } from '../../src/buildkit/content/read-content.ts';
import { ReadContentResponseSchema } from '../../src/buildkit/proto/content_pb.ts';

test.each([0, 1, 127, 128, 2 ** 31, 2 ** 35 + 5, Number.MAX_SAFE_INTEGER])(
  'an answer from byte %i on is written as the library writes it',
  (offset) => {
    for (const length of [1, 127, 128, 1024 * 1024]) {
      const data = new Uint8Array(length).fill(7);
      const message = toBinary(
        ReadContentResponseSchema,
        create(ReadContentResponseSchema, { offset: BigInt(offset), data }),
      );
      expect(Buffer.concat([answerHead(offset, length), data]).equals(message)).toBe(true);
    }
  },
);
