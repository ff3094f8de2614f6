/** What somebody is known by at one registry. */
export interface Credentials {
  readonly username?: string;
  readonly password?: string;
  /** What a login left in place of a password: a refresh token, for token servers alone. */
  readonly identityToken?: string;
  /** A token for the registry itself, sent as it is. */
  readonly registryToken?: string;
  /** Where they come from, for messages: a file and its key, a helper, an option. */
  readonly origin: string;
}

/** What logins write where a name belongs, when the password is an identity token. */
export const TOKEN_USER = '<token>';

/**
 * Credentials as files and helpers have them, put in order: nothing empty, and identity tokens where they belong.
 * @returns undefined if nothing is left.
 */
export function fromLogin({
  username,
  password,
  identityToken,
  registryToken,
  origin,
}: Credentials): Credentials | undefined {
  if (username === TOKEN_USER && password) return { identityToken: identityToken ?? password, origin };
  if (!password && !identityToken && !registryToken) return undefined;
  return {
    ...(username && { username }),
    ...(password && { password }),
    ...(identityToken && { identityToken }),
    ...(registryToken && { registryToken }),
    origin,
  };
}

/** Credentials with a whole user. */
export type UserCredentials = Credentials & { readonly username: string; readonly password: string };

/** Whether there is a whole user, which Basic needs. A name without a password is nobody. */
export function hasPassword(credentials: Credentials | undefined): credentials is UserCredentials {
  return Boolean(credentials?.username) && Boolean(credentials?.password);
}

/** The value of `Authorization` by which a user says who they are. @see https://www.rfc-editor.org/rfc/rfc7617 */
export function basicAuthorization({ username, password }: UserCredentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
}

/** Everything in credentials that no message may have, in each form in which it is sent. */
export function secretsOf(credentials: Credentials | undefined): readonly string[] {
  const { username = '', password, identityToken, registryToken } = credentials ?? {};
  const base64 = (text: string): string => Buffer.from(text, 'utf8').toString('base64');
  return [password, identityToken, registryToken].flatMap((secret) => {
    if (secret === undefined || secret === '') return [];
    // As forms have it: a space is `+` there.
    const inForm = new URLSearchParams([['', secret]]).toString().slice(1);
    return [secret, base64(secret), base64(`${username}:${secret}`), encodeURIComponent(secret), inForm];
  });
}
