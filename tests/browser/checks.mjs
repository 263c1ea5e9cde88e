// What the page must do. The checks run in this order, on one class; waiting is for a text to appear, never for a time.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { COURSE, LONG, LONG_QUESTION, QUESTION, QUIZ, UNTITLED, VIDEO, answered, firstClass, longCourse, watched } from "./class.mjs";
import { send, startTrilha, stopTrilha } from "./trilha.mjs";

/** Evaluated, not added as a script: the page's policy would refuse that. */
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const LOST = ["ERR_CONNECTION", "Failed to load resource"];
const PATIENCE_MILLIS = 15_000;
/** The page shows an event within two seconds; a busy test machine is given some more. */
const LIVE_MILLIS = 8_000;

/** Opens a window of its own, signs in, shows `path`, and fails if the page logs an error meanwhile. */
async function withPage(world, path, check, options = {}) {
  await withWindow(world, async (page) => {
    await page.goto(world.trilha.signIn);
    if (path !== null) await page.goto(address(world, path));
    await check(page);
  }, options);
}

/** Opens an empty window, and fails if a page in it logs an error other than what is `expected`. */
export async function withWindow(world, check, { expected = [], ...options } = {}) {
  const context = await world.browser.newContext({ locale: "en-US", viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MILLIS);
  const errors = [];
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  try {
    await check(page);
    const unexpected = errors.filter((text) => ![...LOST, ...expected].some((part) => text.includes(part)));
    assert.deepEqual(unexpected, []);
  } finally {
    await context.close();
  }
}

function address(world, query) {
  return new URL(`/?${new URLSearchParams(query)}`, world.trilha.url).href;
}

/** What the keyboard stops at. */
const STOPS = ["a", "button", "summary", "[role=slider]", "input", "select"].map((stop) => `main ${stop}:visible`).join(", ");
const coursePage = { course: COURSE };
const videoPage = { course: COURSE, video: VIDEO };
const questionPage = { course: COURSE, quiz: QUIZ, question: QUESTION };

export async function heading(page, text) {
  await page.getByRole("heading", { level: 1, name: text, exact: true }).waitFor();
}

/** The value beside a key number's name. */
function keyNumber(page, name) {
  const named = page.locator(".key").filter({ has: page.locator("dt", { hasText: new RegExp(`^${name}\\s*\\??$`) }) });
  return named.locator("dd .number").first();
}

/** Waits until an element's text is `text`. */
async function shows(locator, text, timeout = PATIENCE_MILLIS) {
  await locator.filter({ hasText: new RegExp(`^${text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}$`) }).waitFor({ timeout });
}

export const checks = {
  async "without a session the page says how to sign in"(world) {
    const context = await world.browser.newContext({ locale: "en-US" });
    const page = await context.newPage();
    await page.goto(world.trilha.url.href);
    await heading(page, "Sign in");
    await page.goto(new URL("/sign-in?token=junk", world.trilha.url).href);
    await page.getByText("This sign-in link does not work").waitFor();
    assert.equal(page.url().includes("junk"), false);
    await context.close();
  },

  async "the link signs in, leaves the address, and its cookie is out of a script's reach"(world) {
    await withPage(world, null, async (page) => {
      await page.getByRole("button", { name: "Sign out" }).waitFor();
      assert.equal(page.url().includes("token"), false);
      assert.equal(await page.evaluate(() => document.cookie), "");
    });
  },

  async "a course appears by itself with its first events, under its title"(world) {
    await withPage(world, coursePage, async (page) => {
      await heading(page, "No data for this course yet");
      await send(world.trilha, firstClass());
      await heading(page, "Física 1");
      await shows(page.locator("[data-part=active-now] .number"), "8");
    });
  },

  async "the numbers of an open page change by themselves"(world) {
    await withPage(world, coursePage, async (page) => {
      const viewers = page.getByRole("row", { name: /As leis de Newton/ }).locator("td[data-name=Viewers]");
      await shows(viewers, "8");
      await shows(page.locator("[data-part=active-now] .number"), "8");
      const sent = Date.now();
      await send(world.trilha, [watched("aluna-8", 0, 30)]);
      await shows(viewers, "9", LIVE_MILLIS);
      console.log(`        shown ${Date.now() - sent} ms after it was sent`);
      await shows(page.locator("[data-part=active-now] .number"), "9", LIVE_MILLIS);
      await shows(keyNumber(page, "Learners"), "9");
    });
  },

  async "the course page points at the broken question and at the place where a class stops watching"(world) {
    await withPage(world, coursePage, async (page) => {
      const attention = page.locator("[data-part=attention]");
      await attention.getByText("Few get it right at first").waitFor();
      await attention.getByRole("link", { name: "Qual é a força normal?" }).waitFor();
      await attention.getByText("Many stop watching at 0:30").waitFor();
      await attention.getByRole("link", { name: "As leis de Newton" }).waitFor();
    });
  },

  async "a thing without a title has a readable name and its id in small print"(world) {
    await withPage(world, coursePage, async (page) => {
      const row = page.getByRole("row", { name: /Aula 02 atrito/ });
      await row.getByText(UNTITLED).waitFor();
      assert.equal(await page.getByText(VIDEO).count(), 0);
      assert.equal(await page.getByText(QUESTION, { exact: true }).count(), 0);
    });
  },

  async "the video page shows the curves, the loss and the numbers, live"(world) {
    await withPage(world, videoPage, async (page) => {
      await heading(page, "As leis de Newton");
      await shows(keyNumber(page, "Viewers"), "9");
      await shows(keyNumber(page, "Plays"), "10");
      await shows(keyNumber(page, "Completed"), "33%");
      await page.getByText("The largest loss is at 0:30: 6 fewer viewers").waitFor();
      await page.getByText("The part at 0:00 was watched again most: 1 time.").waitFor();
      await send(world.trilha, [watched("aluna-9", 0, 60)]);
      await shows(keyNumber(page, "Viewers"), "10", LIVE_MILLIS);
      await shows(keyNumber(page, "Completed"), "40%", LIVE_MILLIS);
    });
  },

  async "each chart has its numbers as a table"(world) {
    await withPage(world, videoPage, async (page) => {
      const figure = page.getByRole("figure").filter({ hasText: "Views and rewatches" });
      await figure.getByText("Show as a table").click();
      const first = figure.getByRole("row", { name: /^0:00/ });
      assert.deepEqual(await first.getByRole("cell").allTextContents(), ["11", "10", "1"]);
      const last = figure.getByRole("row", { name: /^0:55/ });
      assert.deepEqual(await last.getByRole("cell").allTextContents(), ["4", "4", "0"]);
    });
  },

  async "a number's definition opens with the keyboard"(world) {
    await withPage(world, videoPage, async (page) => {
      const button = page.getByRole("button", { name: "What is “Viewers”?" });
      await button.focus();
      await page.keyboard.press("Enter");
      await page.getByText("Learners who watched at least one segment, of a quarter").waitFor();
      assert.equal(await button.getAttribute("aria-expanded"), "true");
    });
  },

  async "the question page compares first and last answers, live"(world) {
    await withPage(world, questionPage, async (page) => {
      await heading(page, "Qual é a força normal?");
      await page.getByText("Quiz: Prova 1").waitFor();
      await page.getByText("Facility 0.00 is below 0.30.").waitFor();
      await shows(keyNumber(page, "Facility"), "0.00");
      await shows(keyNumber(page, "Final facility"), "0.25");
      await shows(keyNumber(page, "Attempts"), "10");
      await page.getByText("The most common first answer is “b”, by 100% of the learners").waitFor();
      await send(world.trilha, [answered("aluna-2", 2, "c", true), answered("aluna-3", 2, "c", true)]);
      await shows(keyNumber(page, "Final facility"), "0.50", LIVE_MILLIS);
      const answer = page.locator(".answers li").filter({ has: page.locator(".answer", { hasText: /^c$/ }) });
      await shows(answer, "cFirst attempt: 0 0%Last attempt: 4 50%", LIVE_MILLIS);
    });
  },

  async "one course leads straight to it, and the way back to the list stays"(world) {
    await withPage(world, null, async (page) => {
      await heading(page, "Física 1");
      await page.getByRole("navigation").getByRole("link", { name: "Courses" }).click();
      await heading(page, "Your courses");
      await page.getByRole("link", { name: "Física 1" }).click();
      await heading(page, "Física 1");
      await page.goBack();
      await heading(page, "Your courses");
    });
  },

  async "Portuguese is spoken to a Portuguese browser, numbers included"(world) {
    await withPage(world, questionPage, async (page) => {
      await page.getByRole("button", { name: "Sair" }).waitFor();
      assert.equal(await page.locator("html").getAttribute("lang"), "pt-BR");
      await page.getByText("A facilidade 0,00 está abaixo de 0,30.").waitFor();
      await page.goto(address(world, coursePage));
      await page.getByRole("heading", { name: "Merece atenção" }).waitFor();
    }, { locale: "pt-BR" });
  },

  async "another language gets English"(world) {
    await withPage(world, coursePage, async (page) => {
      await page.getByRole("heading", { name: "Worth a look" }).waitFor();
      assert.equal(await page.locator("html").getAttribute("lang"), "en");
    }, { locale: "fr-FR" });
  },

  async "nothing is wider than a phone of 360 px"(world) {
    const phone = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true, locale: "pt-BR" };
    await withPage(world, coursePage, async (page) => {
      for (const [path, title] of [[coursePage, "Física 1"], [videoPage, "As leis de Newton"], [questionPage, "Qual é a força normal?"]]) {
        await page.goto(address(world, path));
        await heading(page, title);
        await page.locator("svg").first().waitFor();
        const wider = await page.evaluate(() => document.documentElement.scrollWidth - 360);
        assert.ok(wider <= 0, `${title}: ${wider} px too wide`);
      }
    }, phone);
  },

  async "the keyboard reaches everything, and the focus is seen"(world) {
    await withPage(world, coursePage, async (page) => {
      await heading(page, "Física 1");
      await page.keyboard.press("Tab");
      assert.equal(await focused(page, (element) => element.textContent), "Skip to the content");
      await page.keyboard.press("Enter");
      assert.equal(await focused(page, (element) => element.id), "main");
      const wanted = await page.locator(STOPS).count();
      const reached = new Set();
      for (let presses = 0; presses < wanted + 5; presses += 1) {
        await page.keyboard.press("Tab");
        const stop = await page.evaluate((stops) => ({
          index: [...document.querySelectorAll(stops)].filter((element) => element.checkVisibility()).indexOf(document.activeElement),
          outline: getComputedStyle(document.activeElement).outlineStyle,
        }), STOPS.replaceAll(":visible", ""));
        if (stop.index < 0) break;
        assert.notEqual(stop.outline, "none");
        reached.add(stop.index);
      }
      assert.equal(reached.size, wanted);
    });
  },

  async "a chart is read value by value with the arrow keys, in words"(world) {
    await withPage(world, videoPage, async (page) => {
      const chart = page.getByRole("slider", { name: /^Retention/ });
      await chart.focus();
      for (const [key, said] of [
        ["Home", "0:00–0:05, Retention: 100%, Viewers: 10"],
        ["ArrowRight", "0:05–0:10, Retention: 100%, Viewers: 10"],
        ["End", "0:55–1:00, Retention: 40%, Viewers: 4"],
        ["ArrowRight", "0:55–1:00, Retention: 40%, Viewers: 4"],
      ]) {
        await chart.press(key);
        assert.equal(await chart.getAttribute("aria-valuetext"), said);
        assert.deepEqual(await page.locator(".tip > div").allTextContents(), said.split(", "));
      }
      await chart.press("Escape");
      assert.equal(await page.locator(".tip").count(), 0);
    });
  },

  async "a finger on a chart shows the value under it"(world) {
    await withPage(world, coursePage, async (page) => {
      const chart = page.getByRole("slider", { name: /^Active learners/ });
      const { x, y, width, height } = await chart.boundingBox();
      await page.touchscreen.tap(x + width - 15, y + height / 2);
      await page.locator(".tip").getByText("Active learners: ").waitFor();
    }, { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true });
  },

  async "a long course shows a part of itself, and finds the rest"(world) {
    await send(world.trilha, longCourse());
    const paths = [{ course: LONG }, { course: LONG, quiz: "lista", question: LONG_QUESTION }];
    for (const width of [1280, 320]) {
      await withPage(world, paths[0], async (page) => {
        const table = page.getByRole("table", { name: "Questions" });
        await table.getByRole("rowheader").nth(11).waitFor();
        assert.equal(await table.getByRole("rowheader").count(), 12);
        await page.getByRole("button", { name: "Show all 30 questions" }).click();
        assert.equal(await table.getByRole("rowheader").count(), 30);
        for (const path of paths) {
          await page.goto(address(world, path));
          await page.getByRole("slider").first().waitFor();
          const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          assert.ok(wider <= 0, `${JSON.stringify(path)}: ${wider} px too wide for ${width}`);
        }
        await page.goto(address(world, paths[0]));
        await page.getByRole("searchbox", { name: "Find a question or quiz" }).fill("questao 29");
        await page.getByText("1 of 30").waitFor();
        assert.deepEqual(await table.getByRole("rowheader").getByRole("link").allTextContents(), ["Questão 29"]);
      }, { viewport: { width, height: 800 } });
    }
  },

  async "on a phone the table sorts by a list"(world) {
    await withPage(world, { course: LONG }, async (page) => {
      const table = page.getByRole("table", { name: "Questions" });
      await page.getByLabel("Sort by").last().selectOption("Facility");
      assert.equal(await table.getByRole("rowheader").getByRole("link").first().textContent(), "Questão 7");
      await page.getByRole("button", { name: /reverse the order/ }).last().click();
      assert.notEqual(await table.getByRole("rowheader").getByRole("link").first().textContent(), "Questão 7");
    }, { viewport: { width: 390, height: 844 } });
  },

  async "going back leads to where one was"(world) {
    await withPage(world, coursePage, async (page) => {
      const link = page.getByRole("row", { name: /As leis de Newton/ }).getByRole("link");
      await link.scrollIntoViewIfNeeded();
      await page.evaluate(() => scrollTo(0, 400));
      await link.click();
      await heading(page, "As leis de Newton");
      assert.equal(await page.evaluate(() => scrollY), 0);
      await page.goBack();
      await heading(page, "Física 1");
      await page.waitForFunction(() => scrollY === 400);
    });
  },

  async "a hidden page asks for nothing, and at once when it is seen again"(world) {
    await withPage(world, coursePage, async (page) => {
      await heading(page, "Física 1");
      let asked = 0;
      page.on("request", () => (asked += 1));
      await page.evaluate(() => {
        Object.defineProperty(document, "hidden", { configurable: true, get: () => globalThis.pageIsHidden });
        globalThis.pageIsHidden = true;
        document.dispatchEvent(new Event("visibilitychange"));
      });
      await page.waitForTimeout(500);
      asked = 0;
      await page.waitForTimeout(2_500);
      assert.equal(asked, 0);
      const next = page.waitForRequest(/api\/v1\/views/, { timeout: 900 });
      await page.evaluate(() => {
        globalThis.pageIsHidden = false;
        document.dispatchEvent(new Event("visibilitychange"));
      });
      await next;
    });
  },

  async "nothing is loaded from elsewhere"(world) {
    await withPage(world, null, async (page) => {
      const hosts = new Set();
      page.on("request", (request) => hosts.add(new URL(request.url()).host));
      for (const path of [{}, coursePage, videoPage, questionPage]) {
        await page.goto(address(world, path));
        await page.locator("h1").waitFor();
      }
      assert.deepEqual([...hosts], [world.trilha.url.host]);
    });
  },

  async "following a link moves the focus to the new page's heading"(world) {
    await withPage(world, coursePage, async (page) => {
      await page.getByRole("row", { name: /As leis de Newton/ }).getByRole("link").press("Enter");
      await heading(page, "As leis de Newton");
      assert.equal(await focused(page, (element) => element.tagName), "H1");
      assert.match(await page.title(), /^As leis de Newton/);
    });
  },

  async "the table sorts by a heading"(world) {
    await withPage(world, coursePage, async (page) => {
      const table = page.getByRole("table", { name: "Videos" });
      await table.getByRole("button", { name: "Viewers" }).press("Enter");
      assert.equal(await table.getByRole("columnheader", { name: "Viewers" }).getAttribute("aria-sort"), "descending");
      const titles = await table.getByRole("rowheader").getByRole("link").allTextContents();
      assert.deepEqual(titles, ["As leis de Newton", "Aula 02 atrito"]);
    });
  },

  async "axe finds no barrier, in light and dark, wide and narrow, in both languages"(world) {
    const looks = [["light", 1280, "en-US"], ["light", 360, "pt-BR"], ["dark", 1280, "pt-BR"], ["dark", 360, "en-US"]];
    for (const [colorScheme, width, locale] of looks) {
      await withPage(world, coursePage, async (page) => {
        await scan(page, world, [coursePage, videoPage, questionPage, { course: LONG }, { course: "none" }, {}]);
      }, { colorScheme, locale, viewport: { width, height: 900 }, reducedMotion: "reduce" });
    }
  },

  async "a page whose server is gone says so, keeps its numbers, and recovers by itself"(world) {
    await withPage(world, coursePage, async (page) => {
      await heading(page, "Física 1");
      const banner = page.locator("[data-part=banner]");
      await stopTrilha(world.trilha);
      await banner.getByText("The server does not answer.").waitFor();
      await shows(page.locator("[data-part=active-now] .number"), "10");
      world.trilha = await startTrilha(`${world.data}/trilha`, world.trilha.url.host);
      await banner.getByText("The server does not answer.").waitFor({ state: "detached" });
      await send(world.trilha, [watched("aluna-10", 0, 60)]);
      await shows(keyNumber(page, "Learners"), "11", LIVE_MILLIS);
    });
  },

  async "stale numbers, an idle pipeline and a server that cannot read are each said"(world) {
    let change = (body) => ({ ...body, stale: true });
    await withPage(world, null, async (page) => {
      await page.route("**/api/v1/views?*", async (route) => {
        const response = await route.fetch({ headers: { ...route.request().headers(), "if-none-match": "" } });
        const changed = change(await response.json());
        await route.fulfill(changed === null ? { status: 503, body: "{}" } : { response, json: changed });
      });
      await page.goto(address(world, coursePage));
      const banner = page.locator("[data-part=banner]");
      await banner.getByText("Part of these numbers has to be computed again").waitFor();
      change = (body) => ({ ...body, processed_to: new Date(Date.now() - 1_260_000).toISOString() });
      await banner.getByText("No new event has been processed for over 20 min.").waitFor();
      change = () => null;
      await banner.getByText("The server cannot read its numbers now.").waitFor();
      await heading(page, "Física 1");
      change = (body) => body;
      await banner.getByText("The server answers again.").waitFor();
    });
  },

  async "signing out ends the session"(world) {
    await withPage(world, coursePage, async (page) => {
      await page.getByRole("button", { name: "Sign out" }).click();
      await heading(page, "Sign in");
      const status = await page.evaluate(async () => (await fetch("/api/v1/courses")).status);
      assert.equal(status, 401);
    });
  },
};

/** What `read` says of the element that has the focus. */
function focused(page, read) {
  return page.evaluate(`(${read})(document.activeElement)`);
}

export async function scan(page, world, paths) {
  for (const path of paths) {
    await page.goto(address(world, path));
    await page.locator("h1").waitFor();
    await page.evaluate(() => document.querySelectorAll("details").forEach((details) => { details.open = true; }));
    await page.evaluate(AXE);
    const { violations } = await page.evaluate(() => globalThis.axe.run({ resultTypes: ["violations"] }));
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(" ")).join(", ")}`);
    assert.deepEqual(found, [], JSON.stringify(path));
  }
}
