// Access by an issuer's token, in the `Authorization` header.
import type { Access, Failure } from "./access";
import { chooseBearer, type Bearer } from "./bearer";
import type { Config, IssuerSettings } from "./config";
import { Issuer, newAttempt, saysNobody, type Fetch, type Prompt } from "./issuer";
import { Kept, type SignedIn, type Store } from "./kept";

/** What signing in needs from the browser; tests bring their own. */
export interface Surroundings {
  fetch: Fetch;
  now(): number;
  store: Store;
  /** The page's address. */
  address(): URL;
  /** Changes the address without leaving the page. */
  show(path: string): void;
  /** Leaves the page; `replace` so that the way back does not lead here. Does not return. */
  leave(url: string, how: "assign" | "replace"): Promise<never>;
}

/** A token is renewed this long before its end, or in the last quarter of a short life. */
const MARGIN_MILLIS = 60_000;
/** An issuer that did not answer is asked again after so long, while the token still holds. */
const RETRY_MILLIS = 15_000;

/**
 * Signing in again is a way to the issuer and back without a question, for a frame would see none of its cookies in most
 * browsers, and a refresh token would lie where a script finds it. The page is asked for every second while it is seen,
 * so whoever asks looks after the token's end; nobody does while the page is hidden.
 */
export class ByIssuer implements Access {
  failure: Failure | null = null;
  readonly signIn = () => this.go(this.failure === "no_tenant" || this.failure === "refused" ? "login" : null, "assign");
  private readonly kept: Kept;
  private readonly issuer: Issuer;
  private leaving: Promise<never> | null = null;
  private retryAt = 0;

  private constructor(
    private readonly settings: IssuerSettings,
    private readonly ahead: number,
    private readonly around: Surroundings,
  ) {
    this.kept = new Kept(around.store);
    this.issuer = new Issuer(settings, this.home, around.now() + ahead, around.fetch);
  }

  /** Takes the answer that the page was sent back with; without one, asks the issuer once whether it knows the user. */
  static async open(settings: IssuerSettings, ahead: Config["ahead"], around: Surroundings): Promise<ByIssuer> {
    const access = new ByIssuer(settings, ahead, around);
    const query = around.address().searchParams;
    if (query.has("code") || query.has("error")) await access.arrive(query);
    else if (access.kept.signedIn === null && !access.kept.stayOut) {
      await access.again().catch(() => (access.failure = "unreachable"));
    }
    return access;
  }

  async fetch(url: string, init: RequestInit = {}): Promise<Response> {
    const signedIn = await this.current();
    if (signedIn === null) return new Response(null, { status: 401 });
    const headers = new Headers(init.headers);
    headers.set("Authorization", `Bearer ${signedIn.token}`);
    const response = await this.around.fetch(url, { ...init, headers });
    // Whoever has signed out meanwhile stays signed out.
    if (this.kept.signedIn?.token !== signedIn.token) return response;
    if (response.status === 401) await this.refused(signedIn);
    else if (response.status < 400 && !signedIn.accepted) this.kept.signedIn = { ...signedIn, accepted: true };
    return response;
  }

  async signOut(): Promise<void> {
    const idToken = this.kept.signedIn?.idToken ?? "";
    this.kept.signedIn = null;
    this.kept.stayOut = true;
    const url = await this.issuer.endSessionUrl(idToken).catch(() => null);
    await this.around.leave(url ?? this.home, "assign");
  }

  /** Where the issuer sends the page back to. */
  private get home(): string {
    return new URL("/", this.around.address()).href;
  }

  private async arrive(answer: URLSearchParams): Promise<void> {
    const attempt = this.kept.takeAttempt();
    // The code leaves the address before anything else happens.
    this.around.show(attempt?.to ?? "/");
    if (attempt === null || answer.get("state") !== attempt.state) {
      // Not what this tab asked for: whoever is signed in stays so.
      this.failure = "failed";
      return;
    }
    // What there was has ended, or is about to. Kept, it would lead to the issuer again and again.
    this.kept.signedIn = null;
    try {
      const tokens = await this.issuer.exchange(answer, attempt);
      const bearer = chooseBearer(tokens, this.settings.client_id);
      if (bearer === null) return this.fail("no_tenant");
      const signedIn = this.signedInWith(bearer, tokens.id);
      // It would be renewed at once, and so on for ever.
      if (signedIn.until <= this.around.now()) return this.fail("failed");
      this.kept.signedIn = signedIn;
      this.kept.stayOut = false;
    } catch (error) {
      this.fail(saysNobody(error) ? null : unanswered(error) ? "unreachable" : "failed");
    }
  }

  private signedInWith({ token, expires }: Bearer, idToken: string): SignedIn {
    const until = expires - this.ahead;
    const life = until - this.around.now();
    return { token, idToken, renewAt: until - Math.min(MARGIN_MILLIS, life / 4), until, accepted: false };
  }

  private fail(failure: Failure | null): void {
    this.failure = failure;
    this.kept.stayOut = true;
  }

  /** The token to show; renewed when its end is near. Null when nobody is signed in. */
  private async current(): Promise<SignedIn | null> {
    const signedIn = this.kept.signedIn;
    const now = this.around.now();
    if (signedIn === null || now < signedIn.renewAt) return signedIn;
    if (now >= this.retryAt || now >= signedIn.until) {
      this.retryAt = now + RETRY_MILLIS;
      await this.again().catch((error: unknown) => {
        if (now >= signedIn.until) throw error;
      });
    }
    return signedIn;
  }

  /** What was taken before has been revoked, or its key is gone: another may do. One that never was would come again. */
  private async refused({ accepted }: SignedIn): Promise<void> {
    if (accepted) await this.again();
    this.kept.signedIn = null;
    this.fail("refused");
  }

  private again(): Promise<never> {
    return this.go("none", "replace");
  }

  /** Leaves for the issuer, once however many ask for it. */
  private go(prompt: Prompt | null, how: "assign" | "replace"): Promise<never> {
    this.leaving ??= this.begin(prompt, how).catch((error: unknown) => {
      this.leaving = null;
      throw error;
    });
    return this.leaving;
  }

  private async begin(prompt: Prompt | null, how: "assign" | "replace"): Promise<never> {
    const { pathname, search } = this.around.address();
    const attempt = newAttempt(pathname + search);
    const url = await this.issuer.authorizationUrl(attempt, prompt);
    this.kept.begin(attempt);
    return this.around.leave(url, how);
  }
}

/** `fetch` rejects with one of these when there is no answer. */
function unanswered(error: unknown): boolean {
  return error instanceof TypeError || error instanceof DOMException;
}
