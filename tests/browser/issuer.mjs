// A small OpenID Connect issuer with one user, for tests: it knows who is signed in by a cookie, and refuses whatever is
// not authorization code flow with PKCE by the client that it knows.
import { createHash, generateKeyPairSync, randomUUID, sign } from "node:crypto";
import { formOf, listen, query } from "./http.mjs";

export const CLIENT = "the-page";

/** Starts it on a port of its own, for a page that is at `home`. `now` is its clock, in milliseconds. */
export async function startIssuer(now) {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const issuer = {
    now,
    privateKey,
    jwks: { keys: [{ ...publicKey.export({ format: "jwk" }), kid: "k1", alg: "RS256", use: "sig" }] },
    /** Where the page is; no other address gets a code. */
    home: null,
    /** What sessions and codes stand for; a code is good once. */
    sessions: new Set(),
    codes: new Map(),
    /** Each time the page came, and what it asked for. */
    asked: [],
    exchanged: 0,
    /** Changes the answer that goes back to the page. */
    spoil: (answer) => answer,
    claims: { "custom:tenant": "escola", email: "ana@escola.example" },
  };
  issuer.server = await listen((request) => answer(issuer, request));
  // Another site than the page's, which is at 127.0.0.1: they share no cookie.
  issuer.url = `http://localhost:${issuer.server.address().port}/pool`;
  return issuer;
}

function answer(issuer, request) {
  const path = new URL(request.url, issuer.url).pathname;
  if (path === "/pool/.well-known/openid-configuration") return json(discovery(issuer));
  if (path === "/pool/jwks") return json(issuer.jwks);
  if (path === "/pool/authorize") return authorize(issuer, request);
  if (path === "/pool/sign-in" && request.method === "POST") return signIn(issuer, request);
  if (path === "/pool/token" && request.method === "POST") return token(issuer, request);
  if (path === "/pool/logout") return logout(issuer, request);
  return { status: 404, body: "no such page" };
}

function discovery({ url }) {
  return {
    issuer: url,
    authorization_endpoint: `${url}/authorize`,
    token_endpoint: `${url}/token`,
    jwks_uri: `${url}/jwks`,
    end_session_endpoint: `${url}/logout`,
    response_types_supported: ["code"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["RS256"],
    code_challenge_methods_supported: ["S256"],
  };
}

function authorize(issuer, request) {
  const asked = query(request);
  const wanted = { client_id: CLIENT, redirect_uri: issuer.home, response_type: "code", code_challenge_method: "S256" };
  for (const [name, value] of Object.entries(wanted)) {
    if (asked.get(name) !== value) return { status: 400, body: `not the ${name} that was agreed on` };
  }
  issuer.asked.push(asked.get("prompt"));
  if (asked.get("prompt") !== "login" && issuer.sessions.has(session(request))) {
    const code = randomUUID();
    issuer.codes.set(code, { challenge: asked.get("code_challenge"), nonce: asked.get("nonce") });
    return back(issuer, asked, { code });
  }
  if (asked.get("prompt") === "none") return back(issuer, asked, { error: "login_required" });
  return { status: 200, headers: { "Content-Type": "text/html" }, body: form(asked) };
}

/** Whoever has filled it in is asked for nothing more. */
function form(asked) {
  asked.delete("prompt");
  const action = `sign-in?${asked}`.replaceAll("&", "&amp;");
  return `<!doctype html><title>Escola</title><form method="post" action="${action}"><button>Sign in as Ana</button></form>`;
}

/** Sends the page back with an answer. */
function back(issuer, asked, answer) {
  const parameters = issuer.spoil({ ...answer, state: asked.get("state") });
  return redirect(`${issuer.home}?${new URLSearchParams(parameters)}`);
}

function signIn(issuer, request) {
  const id = randomUUID();
  issuer.sessions.add(id);
  const { search } = new URL(request.url, issuer.url);
  return redirect(`authorize${search}`, { "Set-Cookie": `session=${id}; Path=/pool; HttpOnly; SameSite=Lax` });
}

async function token(issuer, request) {
  const form = await formOf(request);
  const code = issuer.codes.get(form.get("code"));
  issuer.codes.delete(form.get("code"));
  const challenge = createHash("sha256").update(form.get("code_verifier") ?? "").digest("base64url");
  const proper = form.get("client_id") === CLIENT && form.get("redirect_uri") === issuer.home && !request.headers.authorization;
  if (code === undefined || challenge !== code.challenge || !proper) return json({ error: "invalid_grant" }, 400);
  issuer.exchanged += 1;
  const tokens = { id_token: idToken(issuer, code.nonce), access_token: accessToken(issuer), refresh_token: "not-to-be-kept" };
  return json({ ...tokens, token_type: "Bearer", expires_in: 3_600 });
}

function idToken(issuer, nonce) {
  return signed(issuer, { ...issuer.claims, token_use: "id", aud: CLIENT, nonce });
}

/** As Cognito's: it has no `aud`, and says nothing of the user. */
function accessToken(issuer) {
  return signed(issuer, { token_use: "access", client_id: CLIENT });
}

export function signed(issuer, claims) {
  const iat = Math.floor(issuer.now() / 1_000);
  const times = { iss: issuer.url, sub: "ana", iat, exp: iat + 3_600 };
  const parts = [{ alg: "RS256", kid: "k1", typ: "JWT" }, { ...times, ...claims }];
  const text = parts.map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  return `${text}.${sign("RSA-SHA256", Buffer.from(text), issuer.privateKey).toString("base64url")}`;
}

function logout(issuer, request) {
  const asked = query(request);
  if (asked.get("client_id") !== CLIENT || asked.get("post_logout_redirect_uri") !== issuer.home) {
    return { status: 400, body: "not the page that was agreed on" };
  }
  issuer.sessions.delete(session(request));
  return redirect(issuer.home);
}

function session(request) {
  return /session=([^;]+)/.exec(request.headers.cookie ?? "")?.[1];
}

function redirect(to, headers = {}) {
  return { status: 302, headers: { ...headers, Location: to, "Cache-Control": "no-store" } };
}

/** Any page may read these. */
function json(value, status = 200) {
  const headers = { "Content-Type": "application/json", "Access-Control-Allow-Origin": "*", "Cache-Control": "no-store" };
  return { status, headers, body: JSON.stringify(value) };
}
