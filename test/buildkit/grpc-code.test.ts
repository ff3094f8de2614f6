import { Code } from '@connectrpc/connect';
import { expect, test } from 'vitest';
import { grpcCode } from '../../src/buildkit/session/grpc-code.ts';
import { RegistryError, type ErrorCode } from '../../src/registry/index.ts';

test.each<readonly [ErrorCode, Code]>([
  ['MANIFEST_UNKNOWN', Code.NotFound],
  ['BLOB_UNKNOWN', Code.NotFound],
  ['DENIED', Code.PermissionDenied],
  ['TOOMANYREQUESTS', Code.ResourceExhausted],
  ['DIGEST_MISMATCH', Code.DataLoss],
  ['DIGEST_INVALID', Code.FailedPrecondition],
  ['SIZE_INVALID', Code.FailedPrecondition],
  // As a method that is missing, the builder would go round it.
  ['UNSUPPORTED', Code.FailedPrecondition],
  ['RANGE_INVALID', Code.OutOfRange],
  ['RESPONSE_INVALID', Code.InvalidArgument],
  ['SETTINGS_INVALID', Code.InvalidArgument],
  // As what is unavailable, the builder would ask for it without end.
  ['UNAVAILABLE', Code.Unknown],
])('%s is %i to the builder', (code, expected) => {
  expect(grpcCode(new RegistryError(code, 'it failed'))).toBe(expected);
});

test('what was called off is canceled, and anything else unknown', () => {
  expect(grpcCode(new DOMException('it was called off', 'AbortError'))).toBe(Code.Canceled);
  expect(grpcCode(new Error('it failed'))).toBe(Code.Unknown);
  expect(grpcCode('it failed')).toBe(Code.Unknown);
});
