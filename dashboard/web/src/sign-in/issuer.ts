// What is said to an issuer: authorization code flow with PKCE, as a public client.
import * as oauth from "oauth4webapi";
import type { Tokens } from "./bearer";
import type { IssuerSettings } from "./config";
import type { Attempt } from "./kept";

const TIMEOUT_MILLIS = 8_000;
/** Clocks of servers differ a little. */
const TOLERANCE_SECONDS = 30;

/** How an issuer is asked to go about it: silently, which it refuses when nobody is signed in there, or anew. */
export type Prompt = "none" | "login";

/** A sign-in that can be told from all others, to come back to `to`. */
export function newAttempt(to: string): Attempt {
  const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()];
  return { state, nonce, verifier: oauth.generateRandomCodeVerifier(), to };
}

/** The browser's `fetch`, as far as it is needed. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export class Issuer {
  private readonly client: oauth.Client;

  constructor(
    private readonly settings: IssuerSettings,
    private readonly redirectUri: string,
    /** The time by the server's clock, in milliseconds. */
    serverTime: number,
    private readonly fetcher: Fetch,
  ) {
    const skew = Math.round((serverTime - Date.now()) / 1_000);
    const clock = { [oauth.clockSkew]: skew, [oauth.clockTolerance]: TOLERANCE_SECONDS };
    this.client = { client_id: settings.client_id, ...clock };
  }

  /** Where to go to sign in. Asked for anew each time, which shows that the issuer is there before the page is left. */
  async authorizationUrl(attempt: Attempt, prompt: Prompt | null): Promise<string> {
    const url = this.endpoint((await this.discover()).authorization_endpoint);
    const challenge = await oauth.calculatePKCECodeChallenge(attempt.verifier);
    const parameters = {
      response_type: "code",
      client_id: this.settings.client_id,
      redirect_uri: this.redirectUri,
      scope: this.settings.scope,
      state: attempt.state,
      nonce: attempt.nonce,
      code_challenge: challenge,
      code_challenge_method: "S256",
      ...(prompt === null ? {} : { prompt }),
    };
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    return url.href;
  }

  /** The tokens for what the issuer sent the page back with. State, issuer, audience, nonce and times are checked. */
  async exchange(answer: URLSearchParams, attempt: Attempt): Promise<Tokens> {
    const server = await this.discover();
    const parameters = oauth.validateAuthResponse(server, this.client, answer, attempt.state);
    const { redirectUri, client } = this;
    const request = oauth.authorizationCodeGrantRequest(
      server, client, oauth.None(), parameters, redirectUri, attempt.verifier, this.options(),
    );
    const checks = { expectedNonce: attempt.nonce, requireIdToken: true };
    const tokens = await oauth.processAuthorizationCodeResponse(server, client, await request, checks);
    return { access: tokens.access_token, id: tokens.id_token ?? "" };
  }

  /** Where a session is ended, for issuers that say so. */
  async endSessionUrl(idToken: string): Promise<string | null> {
    const { end_session_endpoint: end } = await this.discover();
    if (end === undefined) return null;
    const url = this.endpoint(end);
    url.searchParams.set("client_id", this.settings.client_id);
    url.searchParams.set("id_token_hint", idToken);
    url.searchParams.set("post_logout_redirect_uri", this.redirectUri);
    // What Cognito calls the same.
    url.searchParams.set("logout_uri", this.redirectUri);
    return url.href;
  }

  private async discover(): Promise<oauth.AuthorizationServer> {
    const issuer = new URL(this.settings.issuer);
    return oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, this.options()));
  }

  /** An address that the page may be left for. */
  private endpoint(address: string | undefined): URL {
    const url = new URL(address ?? "");
    if (url.protocol !== "https:" && !(url.protocol === "http:" && this.isPlain)) throw new Error(`not reached by HTTPS: ${url}`);
    return url;
  }

  /** The server names a plain address for an issuer on its own machine only. */
  private get isPlain(): boolean {
    return this.settings.issuer.startsWith("http:");
  }

  private options() {
    return {
      [oauth.customFetch]: (url: string, init: object) => this.fetcher(url, init),
      [oauth.allowInsecureRequests]: this.isPlain,
      signal: () => AbortSignal.timeout(TIMEOUT_MILLIS),
    };
  }
}

const NOBODY = ["login_required", "interaction_required", "consent_required", "account_selection_required"];

/** The issuer only says that it would have to ask someone. */
export function saysNobody(error: unknown): boolean {
  return error instanceof oauth.AuthorizationResponseError && NOBODY.includes(error.error);
}
