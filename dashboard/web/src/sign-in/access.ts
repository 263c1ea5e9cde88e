// What the page needs of any way of signing in.
import { createContext } from "preact";
import { useContext } from "preact/hooks";

/** Why signing in at an issuer did not work. */
export type Failure =
  /** The issuer said no, or what came back was not what was asked for. */
  | "failed"
  /** The issuer does not answer. */
  | "unreachable"
  /** The account belongs to no tenant. */
  | "no_tenant"
  /** The read API does not take the account's token. */
  | "refused";

export interface Access {
  /** As the browser's `fetch`, for addresses of the read API, with what proves who asks. */
  fetch(url: string, init?: RequestInit): Promise<Response>;
  /** Ends the session and leads to the page for signing in. */
  signOut(): Promise<void>;
  /** Leads to the issuer; null where one signs in by a link from elsewhere. Throws when the issuer does not answer. */
  readonly signIn: (() => Promise<void>) | null;
  /** Why nobody is signed in, when that is more than that nobody has signed in. */
  readonly failure: Failure | null;
}

/** A link has set a cookie, which the browser sends by itself. */
export const byLink: Access = {
  fetch: (url, init) => fetch(url, init),
  signOut: async () => {
    await fetch("/api/v1/sign-out", { method: "POST" });
    location.assign("/");
  },
  signIn: null,
  failure: null,
};

const AccessContext = createContext<Access>(byLink);

export const AccessProvider = AccessContext.Provider;

/** How the page's user is signed in, or can be. */
export function useAccess(): Access {
  return useContext(AccessContext);
}
