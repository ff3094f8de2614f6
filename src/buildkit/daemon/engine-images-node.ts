import { request, type IncomingMessage } from 'node:http';
import { isObject, parseJson, printable, type Json } from '../../oci/index.ts';
import { isRegistryError, RegistryError, type Options } from '../../registry/index.ts';
import type { DaemonAddress } from './address.ts';
import type { EngineImages, PushStep } from './daemon.ts';
import { dial, type DialOptions } from './socket-node.ts';

/** How long a line of an answer may be, and an answer that says what went wrong, in characters. */
const LONGEST = 256 * 1024;

/** `{}`: the engine wants this header of every push, also where we are nobody. */
const NOBODY = Buffer.from('{}').toString('base64url');

/**
 * The images of a Docker engine, over its own API: in whichever version it takes for the usual one, as all have this.
 * @see https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Image
 */
export function engineImages(
  address: DaemonAddress,
  dialing: (signal?: AbortSignal) => DialOptions,
): EngineImages {
  const ask = async (method: string, path: string, { signal }: Options): Promise<IncomingMessage> => {
    const socket = await dial(address, dialing(signal));
    return new Promise((resolve, reject) => {
      const asked = request({
        createConnection: () => socket,
        method,
        path,
        headers: { host: 'docker', 'x-registry-auth': NOBODY, 'content-length': '0' },
        ...(signal !== undefined && { signal }),
      });
      asked.once('response', resolve);
      asked.once('error', reject);
      asked.end();
    });
  };
  /** Does what fails in the words of the engine. */
  const told = async <T>(what: string, { signal }: Options, call: () => Promise<T>): Promise<T> => {
    try {
      return await call();
    } catch (error) {
      signal?.throwIfAborted();
      if (isRegistryError(error)) throw error;
      const why = `the Docker engine at ${address.text} did not ${what}: ${(error as Error).message}`;
      throw new RegistryError('UNAVAILABLE', why, { cause: error });
    }
  };

  return {
    async push(name, { signal, onStep } = {}) {
      const { path, tag } = split(name);
      const options = signal === undefined ? {} : { signal };
      const what = `push ${name}`;
      await told(what, options, async () => {
        const response = await ask('POST', `/images/${path}/push?tag=${tag}`, options);
        if (response.statusCode !== 200) throw await refusal(response, address, what);
        for await (const line of linesOf(response)) {
          const { error, ...step } = stepOf(line);
          // The answer has begun by then: what goes wrong is told in the middle of it.
          if (error !== undefined) throw refused(address, what, error);
          onStep?.(step);
        }
      });
    },
    async removeName(name, options = {}) {
      const { path, tag } = split(name);
      const what = `take away the name ${name}`;
      await told(what, options, async () => {
        // With force, as a container may run the same image without a name, and the name would stay.
        const response = await ask('DELETE', `/images/${path}:${tag}?noprune=1&force=1`, options);
        if (response.statusCode !== 200 && response.statusCode !== 404)
          throw await refusal(response, address, what);
        response.destroy();
      });
    },
  };
}

function split(name: string): { readonly path: string; readonly tag: string } {
  const colon = name.lastIndexOf(':');
  return { path: name.slice(0, colon), tag: name.slice(colon + 1) };
}

async function* linesOf(response: IncomingMessage): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of response) {
    const lines = (rest + decoder.decode(chunk as Uint8Array, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > LONGEST) throw new Error('a line of its answer does not end');
    yield* lines.filter((line) => line.trim() !== '');
  }
  if (rest.trim() !== '') yield rest;
}

function stepOf(line: string): PushStep & { readonly error?: string } {
  const { id, status, progressDetail, error } = membersOf(line);
  const { current, total } = isObject(progressDetail) ? progressDetail : {};
  return {
    id: typeof id === 'string' ? id : '',
    status: typeof status === 'string' ? status : '',
    ...(typeof current === 'number' && { current }),
    ...(typeof total === 'number' && { total }),
    ...(typeof error === 'string' && { error }),
  };
}

async function refusal(
  response: IncomingMessage,
  address: DaemonAddress,
  what: string,
): Promise<RegistryError> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of response) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (text.length > LONGEST) break;
  }
  const { message } = membersOf(text);
  const { statusCode: status = 0 } = response;
  return refused(address, what, typeof message === 'string' ? message : `HTTP ${status}`, status);
}

function refused({ text }: DaemonAddress, what: string, why: string, status?: number): RegistryError {
  const message = `the Docker engine at ${text} did not ${what}: ${printable(why, 1000)}`;
  return new RegistryError('UNKNOWN', message, status === undefined ? {} : { status });
}

function membersOf(text: string): { readonly [name: string]: Json } {
  try {
    const read = parseJson(Buffer.from(text));
    return isObject(read) ? read : {};
  } catch {
    // What is no JSON tells nothing.
    return {};
  }
}
