// How instructors sign in here, as the server says it.
import { clockAhead } from "../poll";

/** The page is a public client of an OpenID Connect issuer. */
export interface IssuerSettings {
  kind: "oidc";
  issuer: string;
  client_id: string;
  /** The scopes to ask for, with spaces between. */
  scope: string;
}

export type SignInWay = { kind: "link" } | IssuerSettings;

export interface Config {
  way: SignInWay;
  /** How far the server's clock is ahead of the browser's, in milliseconds. */
  ahead: number;
}

const TIMEOUT_MILLIS = 8_000;

/** Asks the server; throws when it does not answer. */
export async function readConfig(): Promise<Config> {
  const response = await fetch("/config.json", { cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MILLIS) });
  if (!response.ok) throw new Error(`/config.json was answered with ${response.status}`);
  const { sign_in: way } = (await response.json()) as { sign_in: SignInWay };
  return { way, ahead: clockAhead(response.headers.get("Date"), Date.now()) };
}
