import assert from "node:assert/strict";
import test from "node:test";
import { Poller, type Polled, type World } from "./poll";

/** A browser whose time passes only by `tick`. */
class FakeWorld implements World {
  time = 0;
  asked: Record<string, string>[] = [];
  timers: { at: number; task: () => void }[] = [];
  answers: (Response | "refused" | "silent")[] = [];

  async fetch(_url: string, init: { headers: Record<string, string>; signal: AbortSignal }): Promise<Response> {
    this.asked.push(init.headers);
    const answer = this.answers.shift();
    if (answer === "silent") {
      return new Promise((_, reject) => init.signal.addEventListener("abort", () => reject(new Error("aborted"))));
    }
    if (answer === undefined || answer === "refused") throw new TypeError("refused");
    return answer;
  }

  now(): number {
    return this.time;
  }

  later(task: () => void, millis: number): () => void {
    const timer = { at: this.time + millis, task };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
  }

  /** Passes time to the next timer, runs it and lets its promises settle. */
  async tick(): Promise<number> {
    const next = this.timers.sort((a, b) => a.at - b.at).shift();
    if (next === undefined) throw new Error("nothing is planned");
    const waited = next.at - this.time;
    this.time = next.at;
    next.task();
    await settle();
    return waited;
  }
}

const settle = () => new Promise((resolve) => setImmediate(resolve));
const json = (body: unknown, etag: string) => new Response(JSON.stringify(body), { headers: { ETag: etag } });
const status = (code: number) => new Response(code === 304 ? null : "{}", { status: code });

function poller(answers: FakeWorld["answers"]) {
  const world = new FakeWorld();
  world.answers = answers;
  const seen: Polled<{ n: number }>[] = [];
  return { world, seen, poller: new Poller<{ n: number }>("/x", world, (state) => seen.push(state)) };
}

test("an unchanged answer keeps the data and confirms it", async () => {
  const { world, seen, poller: p } = poller([json({ n: 1 }, 'W/"a"'), status(304)]);
  await p.start();
  assert.equal(await world.tick(), 1_000);
  assert.deepEqual(world.asked, [{}, { "If-None-Match": 'W/"a"' }]);
  assert.deepEqual(seen.at(-1), { data: { n: 1 }, confirmedAt: 1_000, ahead: 0, problem: null });
});

test("a server that is gone keeps the data, is asked less often, and comes back", async () => {
  const { world, seen, poller: p } = poller([json({ n: 1 }, "a"), "refused", "refused", "refused", "refused", json({ n: 2 }, "b")]);
  await p.start();
  const pauses = [];
  for (let i = 0; i < 4; i += 1) pauses.push(await world.tick());
  assert.deepEqual(pauses, [1_000, 1_000, 2_000, 4_000]);
  assert.deepEqual(seen.at(-1), { data: { n: 1 }, confirmedAt: 0, ahead: 0, problem: "gone" });
  assert.equal(await world.tick(), 5_000);
  assert.deepEqual(seen.at(-1), { data: { n: 2 }, confirmedAt: 13_000, ahead: 0, problem: null });
  assert.equal(await world.tick(), 1_000);
});

test("a server that does not answer in time is gone", async () => {
  const { world, seen, poller: p } = poller(["silent"]);
  void p.start();
  assert.equal(await world.tick(), 8_000);
  assert.equal(seen.at(-1)?.problem, "gone");
});

test("statuses have their meaning", async () => {
  for (const [code, problem] of [[401, "signed_out"], [403, "forbidden"], [404, "unknown"], [503, "server"]] as const) {
    const { seen, poller: p } = poller([status(code)]);
    await p.start();
    assert.equal(seen.at(-1)?.problem, problem);
  }
});

test("a browser whose clock is wrong knows by how much", async () => {
  for (const [date, ahead] of [["Thu, 01 Jan 1970 00:10:00 GMT", 600_000], ["Thu, 01 Jan 1970 00:00:02 GMT", 0]] as const) {
    const { seen, poller: p } = poller([new Response("{}", { headers: { Date: date } })]);
    await p.start();
    assert.equal(seen.at(-1)?.ahead, ahead);
  }
});

test("a paused poller asks no more, and goes on with what it knows", async () => {
  const { world, seen, poller: p } = poller([json({ n: 1 }, "a"), status(304)]);
  await p.start();
  p.pause();
  assert.equal(world.timers.length, 0);
  await p.start();
  assert.deepEqual(world.asked.at(-1), { "If-None-Match": "a" });
  assert.deepEqual(seen.at(-1)?.data, { n: 1 });
});

test("an answer that arrives after the pause changes nothing", async () => {
  const { world, seen, poller: p } = poller([json({ n: 1 }, "a"), json({ n: 1 }, "a")]);
  const asking = p.start();
  p.pause();
  await asking;
  assert.deepEqual([seen.length, world.timers.length], [0, 0]);
  await p.start();
  assert.deepEqual(world.asked.at(-1), {});
});
