import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import test from "node:test";
import type { IssuerSettings } from "./config";
import { ByIssuer, type Surroundings } from "./oidc";

const ISSUER = "https://issuer.example/pool";
const HOME = "https://trilha.example/";
const settings: IssuerSettings = { kind: "oidc", issuer: ISSUER, client_id: "page", scope: "openid email profile" };
const discovery = {
  issuer: ISSUER,
  authorization_endpoint: "https://login.example/oauth2/authorize?theme=a",
  token_endpoint: "https://login.example/oauth2/token",
  end_session_endpoint: "https://login.example/logout",
};

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A browser tab, an issuer and a read API; time passes only by hand. */
class World implements Surroundings {
  time = 1_800_000_000_000;
  href = HOME;
  kept = new Map<string, string>();
  left: { url: URL; how: string }[] = [];
  answering = true;
  discovery: object = discovery;
  discovered = 0;
  claims: object = {};
  exchanged: URLSearchParams[] = [];
  shown: (string | null)[] = [];
  api = 200;
  /** The API's answers wait for it. */
  delay: Promise<void> = Promise.resolve();

  store = {
    getItem: (name: string) => this.kept.get(name) ?? null,
    setItem: (name: string, value: string) => void this.kept.set(name, value),
    removeItem: (name: string) => void this.kept.delete(name),
  };

  now = () => this.time;
  address = () => new URL(this.href);
  show = (path: string) => void (this.href = new URL(path, this.href).href);
  leave = (url: string, how: string) => {
    this.left.push({ url: new URL(url), how });
    this.gone();
    return new Promise<never>(() => {});
  };
  private gone = () => {};

  /** What `task` comes to; "left" when the page is left first. */
  async unlessLeft<T>(task: () => Promise<T>): Promise<T | "left"> {
    const left = new Promise<"left">((resolve) => (this.gone = () => resolve("left")));
    return Promise.race([task(), left]);
  }

  fetch = async (url: string, init: RequestInit) => {
    if (url.startsWith("/api/")) {
      this.shown.push(new Headers(init.headers).get("Authorization"));
      await this.delay;
      return new Response("{}", { status: this.api });
    }
    if (!this.answering) throw new TypeError("no answer");
    if (url === `${ISSUER}/.well-known/openid-configuration`) {
      this.discovered += 1;
      return Response.json(this.discovery);
    }
    assert.equal(url, discovery.token_endpoint);
    const form = new URLSearchParams(init.body as string);
    this.exchanged.push(form);
    const tokens = { access_token: "opaque", id_token: this.idToken(), refresh_token: "a-refresh-token", token_type: "Bearer" };
    return Response.json(tokens);
  };

  /** Signed with nothing: the page leaves signatures to the front before the API. */
  idToken(): string {
    const [iat, nonce] = [Math.floor(this.time / 1_000), this.last.searchParams.get("nonce")];
    const base = { iss: ISSUER, aud: "page", sub: "ana", "custom:tenant": "escola", iat, exp: iat + 3_600, nonce };
    return [encode({ alg: "RS256" }), encode({ ...base, ...this.claims }), "c2ln"].join(".");
  }

  /** Where the page went last. */
  get last(): URL {
    const last = this.left.at(-1);
    assert.ok(last, "the page was not left");
    return last.url;
  }

  /** The page is loaded. */
  load(ahead = 0): Promise<ByIssuer | "left"> {
    return this.unlessLeft(() => ByIssuer.open(settings, ahead, this));
  }

  /** The page is loaded and stays. */
  async stay(ahead = 0): Promise<ByIssuer> {
    const access = await this.load(ahead);
    assert.ok(access !== "left");
    return access;
  }

  /** The issuer sends the page back. */
  async back(answer: Record<string, string>, ahead = 0): Promise<ByIssuer> {
    this.href = `${HOME}?${new URLSearchParams(answer)}`;
    return this.stay(ahead);
  }

  get state(): string {
    return this.last.searchParams.get("state") ?? "";
  }

  async signedIn(): Promise<ByIssuer> {
    await this.load();
    return this.back({ code: "a-code", state: this.state });
  }

  /** The status of a request to the API. */
  ask(access: ByIssuer): Promise<number | "left"> {
    const init = { headers: { "If-None-Match": "a" } };
    return this.unlessLeft(() => access.fetch("/api/v1/courses", init).then((response) => response.status));
  }
}

test("whoever opens the page is led to the issuer and back without a question", async () => {
  const world = new World();
  world.href = `${HOME}?course=turma%2F1`;
  assert.equal(await world.load(), "left");
  const { searchParams: sent, origin, pathname } = world.last;
  assert.equal(origin + pathname, "https://login.example/oauth2/authorize");
  const fixed = ["theme", "response_type", "client_id", "redirect_uri", "scope", "code_challenge_method", "prompt"];
  assert.deepEqual(fixed.map((name) => sent.get(name)), ["a", "code", "page", HOME, settings.scope, "S256", "none"]);
  assert.equal(world.left[0]?.how, "replace");

  const access = await world.back({ code: "a-code", state: world.state });
  assert.equal(world.href, `${HOME}?course=turma%2F1`);
  const [form] = world.exchanged;
  assert.deepEqual([form?.get("code"), form?.get("redirect_uri"), form?.get("client_id")], ["a-code", HOME, "page"]);
  assert.equal(form?.has("client_secret"), false);
  const challenge = createHash("sha256").update(form?.get("code_verifier") ?? "").digest("base64url");
  assert.equal(sent.get("code_challenge"), challenge);
  assert.equal(await world.ask(access), 200);
  assert.deepEqual(world.shown, [`Bearer ${world.idToken()}`]);
  assert.equal([...world.kept.values()].some((value) => value.includes("a-refresh-token")), false);
});

test("no two sign-ins have a state, a nonce or a verifier in common", async () => {
  const world = new World();
  await world.load();
  await world.load();
  const [first, second] = world.left.map(({ url }) => url.searchParams);
  for (const name of ["state", "nonce", "code_challenge"]) {
    assert.ok((first?.get(name)?.length ?? 0) >= 43, name);
    assert.notEqual(first?.get(name), second?.get(name));
  }
});

test("an answer to a question that was not asked is refused", async () => {
  const answers: [string, (world: World) => Record<string, string>][] = [
    ["wrong state", () => ({ code: "a-code", state: "another" })],
    ["no state", () => ({ code: "a-code" })],
    ["an error", (world) => ({ error: "access_denied", state: world.state })],
    ["another issuer", (world) => ({ code: "a-code", state: world.state, iss: "https://evil.example" })],
  ];
  for (const [name, answer] of answers) {
    const world = new World();
    await world.load();
    const access = await world.back(answer(world));
    assert.deepEqual([access.failure, await world.ask(access), world.href], ["failed", 401, HOME], name);
    assert.deepEqual([world.exchanged.length, world.shown.length], [0, 0], name);
    const again = await world.back({ code: "a-code", state: world.state });
    assert.deepEqual([again.failure, world.exchanged.length], ["failed", 0], `${name}: an attempt is good for one answer`);
  }
});

test("a forged answer ends no session and changes no account", async () => {
  const world = new World();
  await world.signedIn();
  const access = await world.back({ code: "of-another", state: "forged" });
  assert.equal(await world.ask(access), 200);
  world.time += 3_541_000;
  assert.equal(await world.ask(access), "left");
  world.time -= 60_000;
  assert.equal(await world.ask(await world.back({ code: "of-another", state: "forged" })), 200);
  assert.equal(world.exchanged.length, 1);
});

test("a token that is not an answer to this sign-in is refused", async () => {
  const now = Math.floor(new World().time / 1_000);
  const wrong = [{ nonce: "another" }, { aud: "other-page" }, { iss: "https://evil.example" }, { exp: now - 60 }, { exp: now }, { nonce: undefined }];
  for (const claims of wrong) {
    const world = new World();
    world.claims = claims;
    const access = await world.signedIn();
    assert.deepEqual([access.failure, await world.ask(access)], ["failed", 401], JSON.stringify(claims));
  }
});

test("an account without a tenant is told so, and can be changed for another", async () => {
  const world = new World();
  world.claims = { "custom:tenant": undefined };
  const access = await world.signedIn();
  assert.equal(access.failure, "no_tenant");
  await world.unlessLeft(access.signIn);
  assert.equal(world.last.searchParams.get("prompt"), "login");
});

test("whom the issuer does not know is asked, and led there once they want to", async () => {
  const world = new World();
  await world.load();
  const access = await world.back({ error: "login_required", state: world.state });
  assert.deepEqual([access.failure, await world.ask(access), world.left.length], [null, 401, 1]);
  await world.stay();
  await world.unlessLeft(access.signIn);
  assert.deepEqual([world.last.searchParams.has("prompt"), world.left.at(-1)?.how], [false, "assign"]);
  assert.equal(await world.ask(await world.back({ code: "a-code", state: world.state })), 200);
  assert.deepEqual([...world.kept.keys()], ["trilha.signed-in"]);
});

test("an issuer that does not answer leaves the page where it is", async () => {
  const world = new World();
  world.answering = false;
  const access = await world.stay();
  assert.deepEqual([access.failure, world.left.length], ["unreachable", 0]);
  await assert.rejects(access.signIn);
  world.answering = true;
  assert.equal(await world.unlessLeft(access.signIn), "left");
});

test("a token that is about to end leads to a new one, once, and back to the page that was open", async () => {
  const world = new World();
  const access = await world.signedIn();
  world.href = `${HOME}?course=a`;
  world.time += 3_539_000;
  assert.equal(await world.ask(access), 200);
  world.time += 1_000;
  assert.equal(await world.ask(access), "left");
  assert.deepEqual([world.left.length, world.last.searchParams.get("prompt"), world.left[1]?.how], [2, "none", "replace"]);
  const renewed = await world.back({ code: "next", state: world.state });
  assert.deepEqual([await world.ask(renewed), world.href], [200, `${HOME}?course=a`]);
});

test("a token that cannot be renewed is given up, and the page does not go round in circles", async () => {
  const ends = [(world: World) => (world.time += 3_541_000), (world: World) => (world.api = 401)];
  for (const end of ends) {
    for (const [error, failure] of [["login_required", null], ["server_error", "failed"]] as const) {
      const world = new World();
      const access = await world.signedIn();
      assert.equal(await world.ask(access), 200);
      end(world);
      assert.equal(await world.ask(access), "left");
      const back = await world.back({ error, state: world.state });
      assert.deepEqual([await world.ask(back), back.failure, world.left.length], [401, failure, 2]);
      assert.equal(await world.ask(await world.stay()), 401);
    }
  }
});

test("however many requests meet an ended token, the page is left once", async () => {
  const world = new World();
  const access = await world.signedIn();
  world.time += 3_600_000;
  world.discovered = 0;
  const asked = Promise.all([access.fetch("/api/v1/courses"), access.fetch("/api/v1/session")]);
  assert.equal(await world.unlessLeft(() => asked), "left");
  assert.deepEqual([world.discovered, world.left.length, world.shown.length], [1, 2, 0]);
});

test("a token of a short life is not renewed as soon as it is there", async () => {
  const world = new World();
  world.claims = { exp: world.time / 1_000 + 40 };
  const access = await world.signedIn();
  assert.equal(await world.ask(access), 200);
  world.time += 30_000;
  assert.equal(await world.ask(access), "left");
});

test("while the issuer does not answer, a token serves to its end", async () => {
  const world = new World();
  const access = await world.signedIn();
  world.answering = false;
  world.time += 3_541_000;
  assert.equal(await world.ask(access), 200);
  world.answering = true;
  assert.equal(await world.ask(access), 200);
  world.answering = false;
  world.time += 59_000;
  await assert.rejects(() => access.fetch("/api/v1/courses"));
  world.answering = true;
  assert.equal(await world.ask(access), "left");
});

test("a token that the API takes no more is renewed; one that it never took is not", async () => {
  const world = new World();
  const access = await world.signedIn();
  assert.equal(await world.ask(access), 200);
  world.api = 401;
  assert.equal(await world.ask(access), "left");
  const again = await world.back({ code: "next", state: world.state });
  assert.deepEqual([await world.ask(again), again.failure, world.left.length], [401, "refused", 2]);
  const shown = world.shown.length;
  assert.deepEqual([await world.ask(again), world.shown.length], [401, shown]);
});

test("signing out forgets the token, ends the issuer's session, and is not undone by itself", async () => {
  const ends = [[{}, true], [{ end_session_endpoint: undefined }, true], [{}, false]] as const;
  for (const [changes, answering] of ends) {
    const world = new World();
    const access = await world.signedIn();
    Object.assign(world, { answering, discovery: { ...discovery, ...changes } });
    await world.unlessLeft(() => access.signOut());
    if (world.last.href !== HOME) {
      assert.equal(world.last.origin + world.last.pathname, discovery.end_session_endpoint);
      const sent = ["client_id", "post_logout_redirect_uri", "logout_uri", "id_token_hint"].map((name) => world.last.searchParams.get(name));
      assert.equal(sent.slice(0, 3).join(), ["page", HOME, HOME].join());
      assert.match(sent[3] ?? "", /^ey/);
    }
    assert.equal(world.last.href === HOME, "end_session_endpoint" in changes || !answering);
    assert.deepEqual([...world.kept.keys()], ["trilha.stay-out"]);
    const left = world.left.length;
    const back = await world.stay();
    assert.deepEqual([await world.ask(back), back.failure, world.left.length], [401, null, left]);
  }
});

test("an answer of the API that comes after signing out brings nobody back", async () => {
  for (const status of [200, 401]) {
    const world = new World();
    const access = await world.signedIn();
    await world.ask(access);
    let answer = () => {};
    world.api = status;
    world.delay = new Promise((resolve) => (answer = resolve));
    const asking = access.fetch("/api/v1/courses");
    await world.unlessLeft(() => access.signOut());
    answer();
    assert.equal((await asking).status, status);
    assert.deepEqual([[...world.kept.keys()], world.left.length], [["trilha.stay-out"], 2]);
  }
});

test("the page is not left for an address that is no web page", async () => {
  for (const address of ["javascript:alert(1)", "http://login.example/authorize", "data:text/html,", undefined]) {
    const world = new World();
    world.discovery = { ...discovery, authorization_endpoint: address, end_session_endpoint: address };
    assert.deepEqual([(await world.stay()).failure, world.left.length], ["unreachable", 0], address);
    const other = new World();
    const access = await other.signedIn();
    other.discovery = world.discovery;
    await other.unlessLeft(() => access.signOut());
    assert.equal(other.last.href, HOME);
  }
});

test("a browser whose clock is wrong signs in, and renews in time", async () => {
  for (const ahead of [-7_200_000, 7_200_000]) {
    const world = new World();
    await world.load(ahead);
    const iat = (world.time + ahead) / 1_000;
    world.claims = { iat, exp: iat + 3_600 };
    const access = await world.back({ code: "a-code", state: world.state }, ahead);
    assert.deepEqual([access.failure, await world.ask(access)], [null, 200]);
    world.time += 3_540_000;
    assert.equal(await world.ask(access), "left");
  }
});
