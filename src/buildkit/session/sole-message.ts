import { Code, ConnectError } from '@connectrpc/connect';

/** All that is said in a call with one question. @throws {ConnectError} if it is not one message */
export async function soleMessage(messages: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  let sole: Uint8Array | undefined;
  for await (const message of messages) {
    if (sole !== undefined) throw new ConnectError('want one message, and not several', Code.InvalidArgument);
    sole = message;
  }
  if (sole === undefined) throw new ConnectError('want one message, and not none', Code.InvalidArgument);
  return sole;
}
