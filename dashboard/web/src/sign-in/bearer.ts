// Which of an issuer's tokens the read API is shown.

export interface Tokens {
  access: string;
  id: string;
}

export interface Bearer {
  token: string;
  /** When it ends, in milliseconds by the clock of whoever made it. */
  expires: number;
}

/**
 * The token that the front before the read API takes: its `aud` is this client, and it names the tenant.
 *
 * An access token is what is meant for an API, so one that fits goes first: Keycloak makes such, given mappers for both
 * claims. Others cannot. Cognito's access token has no `aud`, and a user's own attributes only with an extra that is paid
 * for; Entra's is for Microsoft Graph when no API of one's own is registered. The ID token is made for this very client,
 * and all of them put the attributes there. Showing it to an API is sound here because page and API are one application
 * under one client id: nobody else's API takes it, and this one takes nobody else's. Signatures are not checked here: the
 * tokens came straight from the issuer, and the front checks them at each request.
 */
export function chooseBearer({ access, id }: Tokens, clientId: string): Bearer | null {
  for (const token of [access, id]) {
    const claims = claimsOf(token);
    if (claims === null || !isFor(clientId, claims) || !namesTenant(claims) || typeof claims.exp !== "number") continue;
    return { token, expires: claims.exp * 1_000 };
  }
  return null;
}

function isFor(clientId: string, { aud }: Claims): boolean {
  return aud === clientId || (Array.isArray(aud) && aud.includes(clientId));
}

function namesTenant(claims: Claims): boolean {
  const tenant = claims["custom:tenant"];
  return typeof tenant === "string" && tenant !== "";
}

type Claims = Record<string, unknown>;

/** What a JSON Web Token says; null for a token that only its issuer can read. */
function claimsOf(token: string): Claims | null {
  const [, payload, signature] = token.split(".");
  if (payload === undefined || signature === undefined) return null;
  try {
    const bytes = Uint8Array.from(atob(payload.replace(/-/g, "+").replace(/_/g, "/")), (char) => char.charCodeAt(0));
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof claims === "object" && claims !== null ? (claims as Claims) : null;
  } catch {
    return null;
  }
}
