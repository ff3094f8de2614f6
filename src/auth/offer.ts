import type { ErrorFacts } from '../registry/index.ts';
import type { Challenge } from './challenge.ts';
import { hasPassword, type Credentials, type UserCredentials } from './login.ts';
import { checkRealm } from './realm.ts';
import { noPassword } from './refusal.ts';

/** The ways in that a registry offers and we know. What it was once is what it is next time. */
export interface Offer {
  readonly bearer?: BearerOffer;
  readonly basic: boolean;
}

/** The way by a token server. */
export interface BearerOffer {
  readonly realm: string | undefined;
  readonly service: string | undefined;
  /** What the refused request needs, in the registry's own words; it may be missing, or wrong. */
  readonly scope: string;
  /** Why a token was refused: `invalid_token`, `insufficient_scope`. */
  readonly error?: string;
}

/** The way that is taken. */
export type Way =
  | { readonly kind: 'static'; readonly registryToken: string; readonly credentials: Credentials }
  | { readonly kind: 'basic'; readonly credentials: UserCredentials }
  | BearerWay;

/** To a token server, which may be asked. */
export interface BearerWay {
  readonly kind: 'bearer';
  readonly realm: URL;
  readonly service: string | undefined;
  /** Undefined to ask as nobody. */
  readonly credentials: Credentials | undefined;
}

/** What the challenges of a 401 offer. @returns undefined for nothing that we know. */
export function readOffer(challenges: readonly Challenge[]): Offer | undefined {
  const bearer = challenges.find(({ scheme }) => scheme === 'bearer')?.parameters;
  const basic = challenges.some(({ scheme }) => scheme === 'basic');
  if (bearer === undefined) return basic ? { basic } : undefined;
  const error = bearer.get('error');
  return {
    bearer: {
      realm: bearer.get('realm'),
      service: bearer.get('service'),
      scope: bearer.get('scope') ?? '',
      ...(error !== undefined && { error }),
    },
    basic,
  };
}

/** What the choice depends on. */
export interface Choice {
  /** Any URL of the registry. */
  readonly registry: URL;
  readonly credentials: Credentials | undefined;
  readonly allowRealms: readonly string[];
  readonly facts: ErrorFacts;
}

/**
 * Chooses a way in: a token for the registry that the user has; else a token server's, if it may be asked; else Basic.
 * @throws {RegistryError} `AUTH_REALM_REFUSED`; `UNAUTHORIZED` where only Basic is offered, and there is no user.
 */
export async function chooseWay(
  { bearer, basic }: Offer,
  { registry, credentials, allowRealms, facts }: Choice,
): Promise<Way> {
  if (credentials?.registryToken !== undefined) {
    return { kind: 'static', registryToken: credentials.registryToken, credentials };
  }
  const user = hasPassword(credentials) ? credentials : undefined;
  if (bearer !== undefined) {
    const withCredentials = user !== undefined || credentials?.identityToken !== undefined;
    try {
      const realm = await checkRealm(bearer.realm, { registry, withCredentials, allowRealms, facts });
      return { kind: 'bearer', realm, service: bearer.service, credentials };
    } catch (error) {
      if (!basic || user === undefined) throw error;
    }
  }
  if (user === undefined) throw noPassword(registry.host, credentials, facts);
  return { kind: 'basic', credentials: user };
}
