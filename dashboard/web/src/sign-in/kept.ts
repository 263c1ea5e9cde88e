// What outlives the way to the issuer and back: in the tab's session storage, so that it ends with the tab.

/** A sign-in under way. It is good for one answer. */
export interface Attempt {
  state: string;
  nonce: string;
  verifier: string;
  /** The page's address to come back to. */
  to: string;
}

export interface SignedIn {
  /** What the read API is shown. */
  token: string;
  /** Tells the issuer whose session to end. */
  idToken: string;
  /** When to sign in again, and when the token ends, in milliseconds by the browser's clock. */
  renewAt: number;
  until: number;
  /** The read API has taken it before. */
  accepted: boolean;
}

export type Store = Pick<Storage, "getItem" | "setItem" | "removeItem">;

const ATTEMPT = "trilha.attempt";
const SIGNED_IN = "trilha.signed-in";
const STAY_OUT = "trilha.stay-out";

export class Kept {
  constructor(private readonly store: Store) {}

  begin(attempt: Attempt): void {
    this.write(ATTEMPT, attempt);
  }

  /** The sign-in under way, which is over with that. */
  takeAttempt(): Attempt | null {
    const attempt = this.read<Attempt>(ATTEMPT);
    this.store.removeItem(ATTEMPT);
    return attempt;
  }

  get signedIn(): SignedIn | null {
    return this.read<SignedIn>(SIGNED_IN);
  }

  set signedIn(value: SignedIn | null) {
    this.write(SIGNED_IN, value);
  }

  /** Whoever signed out, or is not known to the issuer, is not led there again before they ask for it. */
  get stayOut(): boolean {
    return this.read<boolean>(STAY_OUT) ?? false;
  }

  set stayOut(value: boolean) {
    this.write(STAY_OUT, value ? true : null);
  }

  private read<T>(name: string): T | null {
    const text = this.store.getItem(name);
    return text === null ? null : (JSON.parse(text) as T);
  }

  private write(name: string, value: unknown): void {
    if (value === null) this.store.removeItem(name);
    else this.store.setItem(name, JSON.stringify(value));
  }
}
