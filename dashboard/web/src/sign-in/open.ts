import { byLink, type Access } from "./access";
import { readConfig } from "./config";
import { ByIssuer, type Surroundings } from "./oidc";

const browser: Surroundings = {
  fetch: (url, init) => fetch(url, init),
  now: () => Date.now(),
  get store() {
    return sessionStorage;
  },
  address: () => new URL(location.href),
  show: (path) => history.replaceState(null, "", path),
  leave: (url, how) => {
    location[how](url);
    return new Promise(() => {});
  },
};

/** Signs in as far as that goes without a question. Throws when the server does not answer. */
export async function openAccess(): Promise<Access> {
  const { way, ahead } = await readConfig();
  if (way.kind === "link") return byLink;
  // Whoever comes back from the issuer by the browser's history finds the page as it was left: waiting to be gone.
  addEventListener("pageshow", (event) => event.persisted && location.reload());
  return ByIssuer.open(way, ahead, browser);
}
