// Signing in at an issuer, before a front that checks its tokens. They run after the other checks, on the same class.
import assert from "node:assert/strict";
import { heading, scan, withWindow } from "./checks.mjs";
import { COURSE } from "./class.mjs";
import { startFront } from "./front.mjs";
import { close } from "./http.mjs";
import { signed, startIssuer } from "./issuer.mjs";

const COURSE_PATH = `/?${new URLSearchParams({ course: COURSE })}`;
const HOUR_MILLIS = 3_600_000;

/** An issuer and a front of its own for each check, whose clock goes on by hand. */
async function withFront(world, check, options = {}) {
  let ahead = 0;
  const issuer = await startIssuer(() => Date.now() + ahead);
  const front = await startFront(issuer, () => world.trilha);
  issuer.home = front.url.href;
  const pass = (millis) => (ahead += millis);
  try {
    await withWindow(world, (page) => check({ page, issuer, front, pass, url: (path) => new URL(path, front.url).href }), options);
  } finally {
    await Promise.all([close(front.server), close(issuer.server)]);
  }
}

/** Signs in by hand: the page's button, then the issuer's. */
async function signIn(page) {
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("button", { name: "Sign in as Ana" }).click();
}

/** Opens the course's page and signs in. */
async function openCourse({ page, url }) {
  await page.goto(url(COURSE_PATH));
  await heading(page, "Sign in");
  await signIn(page);
  await heading(page, "Física 1");
}

const stored = (page) => page.evaluate(() => JSON.stringify({ ...sessionStorage, ...localStorage }));

export const issuerChecks = {
  async "whoever the issuer does not know is offered to sign in, and asks the API nothing"(world) {
    await withFront(world, async ({ page, issuer, front, url }) => {
      await page.goto(url(COURSE_PATH));
      await heading(page, "Sign in");
      assert.deepEqual(issuer.asked, ["none"]);
      assert.equal(page.url(), url(COURSE_PATH));
      await page.reload();
      await heading(page, "Sign in");
      assert.deepEqual([issuer.asked.length, front.refused, front.tokens.size], [1, 0, 0]);
    });
  },

  async "the issuer signs in, and leads back to the page that was opened"(world) {
    await withFront(world, async (at) => {
      await openCourse(at);
      const { page, issuer, front, url } = at;
      assert.equal(page.url(), url(COURSE_PATH));
      assert.deepEqual([issuer.exchanged, front.tokens.size, front.refused], [1, 1, 0]);
      assert.equal((await stored(page)).includes("not-to-be-kept"), false);
      assert.deepEqual(await page.evaluate(() => [document.cookie, localStorage.length]), ["", 0]);
      await page.reload();
      await heading(page, "Física 1");
      assert.equal(issuer.exchanged, 1);
    });
  },

  async "another tab signs in by itself, and the way back leads to no issuer"(world) {
    await withFront(world, async (at) => {
      await openCourse(at);
      const tab = await at.page.context().newPage();
      await tab.goto("about:blank");
      await tab.goto(at.url(COURSE_PATH));
      await heading(tab, "Física 1");
      assert.deepEqual(at.issuer.asked, ["none", null, null, "none"]);
      await tab.goBack();
      assert.equal(tab.url(), "about:blank");
    });
  },

  async "an answer of another sign-in is refused"(world) {
    await withFront(world, async ({ page, issuer, front, url }) => {
      await page.goto(url(COURSE_PATH));
      await heading(page, "Sign in");
      issuer.spoil = (answer) => ({ ...answer, state: "of-another" });
      await signIn(page);
      await page.getByText("Signing in did not work.").waitFor();
      assert.deepEqual([issuer.exchanged, front.tokens.size, page.url()], [0, 0, url(COURSE_PATH)]);
      issuer.spoil = (answer) => answer;
      await page.getByRole("button", { name: "Sign in" }).click();
      await heading(page, "Física 1");
    });
  },

  async "an ended token leads to a new one without a question, as long as the issuer knows the user"(world) {
    await withFront(world, async (at) => {
      await openCourse(at);
      const { page, issuer, front, pass, url } = at;
      pass(HOUR_MILLIS);
      await page.waitForRequest((request) => request.url().startsWith(`${issuer.url}/token`));
      await page.waitForURL(url(COURSE_PATH));
      await heading(page, "Física 1");
      assert.deepEqual([issuer.asked.at(-1), issuer.exchanged, front.tokens.size], ["none", 2, 2]);
      issuer.sessions.clear();
      pass(HOUR_MILLIS);
      await heading(page, "Sign in");
      await page.getByText("your session has ended").waitFor();
      await signIn(page);
      await heading(page, "Física 1");
    });
  },

  async "a token of another client is not taken, and the page does not go round in circles"(world) {
    await withFront(world, async (at) => {
      await openCourse(at);
      const { page, issuer, front } = at;
      const { jwks } = issuer;
      issuer.jwks = { keys: [] };
      await page.getByText("The server does not accept your account.").waitFor();
      assert.deepEqual([issuer.exchanged, front.tokens.size], [2, 1]);
      issuer.jwks = jwks;
      const others = [{ aud: "another", "custom:tenant": "escola" }, { aud: "the-page", exp: 1 }, { client_id: "another" }];
      const refused = others.map((claims) => signed(issuer, claims));
      for (const token of [...refused, `${signed(issuer, { aud: "the-page" }).slice(0, -8)}AAAAAAAA`]) {
        const answer = await fetch(new URL("/api/v1/session", front.url), { headers: { Authorization: `Bearer ${token}` } });
        assert.equal(answer.status, 401);
      }
    });
  },

  async "an account without a school is told so, in its language"(world) {
    await withFront(world, async ({ page, issuer, url }) => {
      issuer.claims = { email: "ana@escola.example" };
      await page.goto(url("/"));
      await page.getByRole("button", { name: "Entrar" }).click();
      await page.getByRole("button", { name: "Sign in as Ana" }).click();
      await page.getByText("Sua conta não pertence a nenhuma instituição aqui.").waitFor();
      await page.getByRole("button", { name: "Entrar com outra conta" }).click();
      await page.waitForURL(/prompt=login/);
    }, { locale: "pt-BR" });
  },

  async "an issuer that is gone is said to be, and the page recovers"(world) {
    await withFront(world, async ({ page, issuer, url }) => {
      await page.route(`${issuer.url}/.well-known/**`, (route) => route.abort());
      await page.goto(url(COURSE_PATH));
      await page.getByText("The sign-in service does not answer.").waitFor();
      await page.unroute(`${issuer.url}/.well-known/**`);
      await signIn(page);
      await heading(page, "Física 1");
    });
  },

  async "signing out ends the issuer's session, and is not undone by loading again"(world) {
    await withFront(world, async (at) => {
      await openCourse(at);
      const { page, issuer, front, url } = at;
      await page.getByRole("button", { name: "Sign out" }).click();
      await heading(page, "Sign in");
      assert.deepEqual([issuer.sessions.size, page.url()], [0, url("/")]);
      for (const token of front.tokens) assert.equal((await stored(page)).includes(token), false);
      const asked = issuer.asked.length;
      await page.goto(url(COURSE_PATH));
      await heading(page, "Sign in");
      assert.equal(issuer.asked.length, asked);
      const status = await page.evaluate(async () => (await fetch("/api/v1/courses")).status);
      assert.equal(status, 401);
    });
  },

  async "the page connects to the issuer and to nothing else"(world) {
    await withFront(world, async (at) => {
      await openCourse(at);
      const reached = (to) => at.page.evaluate((to) => fetch(to, { mode: "no-cors" }).then(() => true, () => false), to);
      assert.equal(await reached(`${at.issuer.url}/jwks`), true);
      assert.equal(await reached(world.trilha.url.href), false);
    }, { expected: ["Content Security Policy"] });
  },

  async "axe finds no barrier where one signs in, in light and dark, on a phone too"(world) {
    for (const [colorScheme, width] of [["light", 1280], ["dark", 320]]) {
      await withFront(world, async ({ page, front, url }) => {
        await page.goto(url("/"));
        await page.getByRole("button", { name: "Sign in" }).waitFor();
        await scan(page, { trilha: { url: front.url } }, [{}]);
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
      }, { colorScheme, viewport: { width, height: 740 } });
    }
  },
};
