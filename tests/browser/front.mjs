// What stands before the read API on AWS: routes that are each named, and an authorizer that checks the bearer token.
// Behind it is `trilha up`, which knows its own sessions only, so that the front shows it one of these instead.
import { createPublicKey, verify } from "node:crypto";
import { listen } from "./http.mjs";
import { CLIENT } from "./issuer.mjs";

const OPEN = /^\/($|favicon\.svg$|assets\/[^/]+$)/;
const GUARDED = ["/api/v1/session", "/api/v1/courses", "/api/v1/views"];

/** Starts it for an issuer and what `trilha()` gives, the program that is running now. */
export async function startFront(issuer, trilha) {
  const front = { issuer, trilha, refused: 0, tokens: new Set() };
  front.server = await listen((request) => answer(front, request));
  front.url = new URL(`http://127.0.0.1:${front.server.address().port}/`);
  return front;
}

async function answer(front, request) {
  const { pathname } = new URL(request.url, front.url);
  const date = { Date: new Date(front.issuer.now()).toUTCString() };
  if (request.method !== "GET") return json(404, { message: "Not Found" });
  if (pathname === "/config.json") return json(200, { sign_in: signIn(front) }, date);
  if (OPEN.test(pathname)) return pass(front, request, {});
  if (!GUARDED.includes(pathname)) return json(404, { message: "Not Found" });
  const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
  if (token === undefined || !(await valid(front.issuer, token))) {
    front.refused += 1;
    return json(401, { message: "Unauthorized" });
  }
  front.tokens.add(token);
  const session = new URL(front.trilha().signIn).searchParams.get("token");
  return pass(front, request, { authorization: `Bearer ${session}` });
}

function signIn({ issuer }) {
  return { kind: "oidc", issuer: issuer.url, client_id: CLIENT, scope: "openid email profile" };
}

/** Signature, issuer, audience and times, as API Gateway checks them. */
async function valid(issuer, token) {
  const [head, payload, signature] = token.split(".");
  const [{ kid, alg }, claims] = [head, payload].map((part) => JSON.parse(Buffer.from(part, "base64url").toString()));
  const { keys } = await (await fetch(`${issuer.url}/jwks`)).json();
  const key = keys.find((candidate) => candidate.kid === kid && candidate.alg === alg);
  const isSigned = key !== undefined && verify(
    "RSA-SHA256", Buffer.from(`${head}.${payload}`), createPublicKey({ key, format: "jwk" }), Buffer.from(signature, "base64url"),
  );
  const now = issuer.now() / 1_000;
  return isSigned && claims.iss === issuer.url && (claims.aud ?? claims.client_id) === CLIENT && claims.exp > now && claims.iat <= now;
}

async function pass(front, request, credentials) {
  const kept = ["if-none-match", "accept"].map((name) => [name, request.headers[name]]).filter(([, value]) => value !== undefined);
  const response = await fetch(new URL(request.url, front.trilha().url), { headers: { ...Object.fromEntries(kept), ...credentials } });
  const headers = Object.fromEntries(response.headers);
  for (const name of ["content-encoding", "content-length", "transfer-encoding", "connection", "keep-alive", "date"]) delete headers[name];
  headers.date = new Date(front.issuer.now()).toUTCString();
  // As the server's own policy when it knows an issuer.
  const policy = headers["content-security-policy"].replace("connect-src 'self'", `connect-src 'self' ${new URL(front.issuer.url).origin}`);
  return { status: response.status, headers: { ...headers, "content-security-policy": policy }, body: Buffer.from(await response.arrayBuffer()) };
}

function json(status, value, headers = {}) {
  return { status, headers: { "Content-Type": "application/json", ...headers }, body: JSON.stringify(value) };
}
