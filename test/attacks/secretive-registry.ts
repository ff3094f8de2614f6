import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { mediaTypes } from '../../src/oci/index.ts';
import { config, hello, image } from '../client/talk.ts';

/** Everything that passes between a client and its registry and is nobody else's business. */
export const secrets = {
  password: 'canary-password-51c0',
  identityToken: 'canary-identity-7e1f',
  accessToken: 'canary-access-93aa',
  refreshToken: 'canary-refresh-b210',
  signature: 'canary-signature-4f6d',
  uploadState: 'canary-state-08e5',
  cookie: 'canary-cookie-d3b7',
  userinfo: 'canary-userinfo-66fe',
} as const;

/** How somebody is known to the registry, as a login would have left it. */
export const logins: Readonly<
  Record<'password' | 'identity token', { readonly auth: string; readonly identitytoken?: string }>
> = {
  password: { auth: Buffer.from(`someone:${secrets.password}`).toString('base64') },
  'identity token': {
    auth: Buffer.from('<token>:').toString('base64'),
    identitytoken: secrets.identityToken,
  },
};

/** What must not be printed: the secrets, as they are, and as they are sent and written. */
export const unspeakable: readonly string[] = [
  ...Object.values(secrets),
  ...Object.values(secrets).map((secret) => Buffer.from(secret).toString('base64').replace(/=+$/, '')),
  ...Object.values(logins).map(({ auth }) => auth),
];

/** A request, with its body. */
export type Asked = IncomingMessage & { readonly body: string };
type Act = (request: Asked, response: ServerResponse) => void;

/** What a registry does instead of what it should, where it does. */
export type Fault = (request: Asked, response: ServerResponse) => boolean;

/** A fault for requests whose method and path look so. */
export function on(pattern: RegExp, act: Act): Fault {
  return (request, response) => {
    if (!pattern.test(`${request.method} ${request.url}`)) return false;
    act(request, response);
    return true;
  };
}

/** Answers with a status, and a text that may be anything. */
export function says(
  status: number,
  body: string | ((request: Asked) => string) = '',
  headers: Readonly<Record<string, string>> = {},
): Act {
  return (request, response) =>
    void response.writeHead(status, headers).end(typeof body === 'string' ? body : body(request));
}

/** An error that repeats what the client said of itself. */
export function repeats(status: number, headers: Readonly<Record<string, string>> = {}): Act {
  const json = { 'content-type': 'application/json', ...headers };
  const body = ({ headers: { authorization }, body }: Asked): string =>
    JSON.stringify({
      errors: [{ code: 'X_ODD', message: `no: ${authorization} ${body}`, detail: { authorization } }],
    });
  return says(status, body, json);
}

/** What there is to be set of the registry. */
export interface SecretiveOptions {
  /** Host and port of where it keeps blobs, which is served by another one like it. */
  readonly storage: () => string;
  /** Is told what came: the secrets that the client has to have sent. */
  readonly seen: (text: string) => void;
  readonly fault?: Fault | undefined;
}

/**
 * A registry with the image `r:1`, where anything may be pushed. It wants tokens, sends blobs from signed addresses,
 * takes uploads at addresses that hold their state, and sets cookies.
 */
export function secretiveRegistry({ storage, seen, fault = () => false }: SecretiveOptions): RequestListener {
  return (request, response) => {
    const { method = '', url = '', headers } = request;
    let body = '';
    request.setEncoding('latin1').on('data', (piece: string) => (body += piece));
    request.on('end', () => {
      const { authorization = '' } = headers;
      const plain = authorization.startsWith('Basic ')
        ? Buffer.from(authorization.slice(6), 'base64').toString()
        : '';
      seen(`${method} ${url} ${authorization} ${plain} ${body}`);
      response.setHeader('set-cookie', `session=${secrets.cookie}`);
      const isOpen = /^\/(?:token|storage)/.test(url);
      if (!isOpen && authorization !== `Bearer ${secrets.accessToken}`) return challenge();
      if (!fault(Object.assign(request, { body }), response)) route();
    });

    function challenge(): void {
      const realm = `http://${headers.host}/token`;
      response.writeHead(401, { 'www-authenticate': `Bearer realm="${realm}",service="s"` }).end();
    }

    function route(): void {
      const { pathname } = new URL(url, 'http://r');
      const uploads = `${pathname}?_state=${secrets.uploadState}`;
      switch (`${method} ${pathname}`) {
        case 'GET /token':
        case 'POST /token':
          return json({ token: secrets.accessToken, refresh_token: secrets.refreshToken, expires_in: 300 });
        case 'GET /v2/r/manifests/1':
        case 'HEAD /v2/r/manifests/1':
        case `GET /v2/r/manifests/${image.digest}`:
        case `HEAD /v2/r/manifests/${image.digest}`:
          response.setHeader('content-type', mediaTypes.ociManifest);
          response.setHeader('docker-content-digest', image.digest);
          response.setHeader('content-length', image.bytes.length);
          return void response.end(method === 'HEAD' ? undefined : image.bytes);
        case `GET /v2/r/blobs/${config.digest}`:
        case `GET /v2/r/blobs/${hello.digest}`: {
          const location = `http://${storage()}/storage/${pathname.split('/').at(-1)}?X-Amz-Signature=${secrets.signature}`;
          return void response.writeHead(307, { location }).end();
        }
        case `GET /storage/${config.digest}`:
          return void response.end(config.bytes);
        case `GET /storage/${hello.digest}`:
          return void response.end(hello.bytes);
        case 'POST /v2/o/blobs/uploads/':
          return void response.writeHead(202, { location: uploads.replace('?', '1?') }).end();
        case 'PATCH /v2/o/blobs/uploads/1':
          return void response.writeHead(202, { location: uploads, range: `0-${body.length - 1}` }).end();
        case 'PUT /v2/o/blobs/uploads/1':
        case 'PUT /v2/o/manifests/1':
          return void response.writeHead(201).end();
        default:
          return void response.writeHead(404).end();
      }
    }

    function json(document: object): void {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(document));
    }
  };
}
