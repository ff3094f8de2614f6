/**
 * How many bytes gRPC puts before each message: whether it is compressed, and its length in four.
 * @see https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */
export const PREFIX = 5;
