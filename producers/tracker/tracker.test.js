import assert from "node:assert/strict";
import test from "node:test";
import { FakeStorage, FakeVideo, FakeWorld, accept, answer, settle } from "./fake-world.js";
import { ABANDONED_MILLIS, BATCH_EVENTS, GATHER_MILLIS, MOST_EVENTS } from "./outbox.js";
import { createTracker } from "./tracker.js";

const URL_ = "https://trilha.example/v1/events";

function start(world = new FakeWorld(), options = {}) {
  const heard = { rejected: [], dropped: 0 };
  const tracker = createTracker({
    url: URL_, token: "secret", learner: "aluna-1", course: "turma/1", world,
    onRejected: (rejected) => heard.rejected.push(...rejected),
    onDropped: (count) => { heard.dropped += count; },
    ...options,
  });
  return { world, tracker, heard };
}

const view = (tracker, object) => tracker.track("activity.viewed", { object });
const objects = (events) => events.map((event) => event.object);

test("an event carries an id, its time, the learner and the course", async () => {
  const { world, tracker } = start();
  view(tracker, "page-1");
  await world.pass(GATHER_MILLIS);
  const [{ id, ...event }] = world.sent;
  assert.match(id, /^id-/);
  assert.deepEqual(event, {
    type: "activity.viewed", time: "2026-11-23T12:00:00.000Z", learner: "aluna-1", course: "turma/1", object: "page-1",
  });
  const { url, method, headers, credentials } = world.requests[0];
  assert.deepEqual([url, method, credentials], [URL_, "POST", "omit"]);
  assert.equal(headers.Authorization, "Bearer secret");
});

test("events are gathered, and a full batch does not wait", async () => {
  const { world, tracker } = start();
  for (let n = 0; n < BATCH_EVENTS - 1; n += 1) view(tracker, n);
  await world.pass(GATHER_MILLIS - 1);
  assert.equal(world.requests.length, 0);
  view(tracker, "last");
  await world.pass(0);
  assert.deepEqual(world.requests.map((request) => request.events.length), [BATCH_EVENTS]);
});

test("what the collector has is sent once and kept nowhere", async () => {
  const { world, tracker } = start();
  view(tracker, "a");
  assert.equal(world.storage.length, 1);
  await world.pass(600_000);
  assert.equal(world.requests.length, 1);
  assert.equal(world.storage.length, 0);
});

test("a failure is tried again, ever later, with the same ids", async () => {
  const { world, tracker } = start();
  world.answers = ["refused", answer(500), answer(503), accept()];
  view(tracker, "a");
  await world.pass(60_000);
  const first = world.requests[0].at;
  assert.deepEqual(world.requests.map((request) => request.at - first), [0, 1_000, 3_000, 7_000]);
  assert.equal(new Set(world.sent.map((event) => event.id)).size, 1);
  assert.equal(world.storage.length, 0);
});

test("new events do not hurry a collector that is down", async () => {
  const { world, tracker } = start();
  world.answers = Array.from({ length: 6 }, () => "refused");
  view(tracker, "a");
  await world.pass(GATHER_MILLIS + 7_000);
  const before = world.requests.length;
  view(tracker, "b");
  await world.pass(7_000);
  assert.equal(world.requests.length, before);
});

test("Retry-After is honoured, in seconds and as a date", async () => {
  for (const [header, millis] of [["20", 20_000], ["Mon, 23 Nov 2026 12:01:05 GMT", 60_000]]) {
    const { world, tracker } = start();
    world.answers = [answer(429, { "Retry-After": header })];
    view(tracker, "a");
    await world.pass(120_000);
    assert.equal(world.requests[1].at - world.requests[0].at, millis, header);
  }
});

test("what happens while a request is under way does not shorten Retry-After", async () => {
  const world = new FakeWorld();
  const { fetch } = world;
  world.fetch = async (...request) => {
    const answered = await fetch(...request);
    if (answered.status === 429) view(tracker, "meanwhile");
    return answered;
  };
  const { tracker } = start(world);
  world.answers = [answer(429, { "Retry-After": "20" })];
  view(tracker, "a");
  await world.pass(GATHER_MILLIS + 20_000);
  assert.equal(world.requests[1].at - world.requests[0].at, 20_000);
});

test("a class does not come back at once", async () => {
  const { world, tracker } = start(Object.assign(new FakeWorld(), { random: () => 0.5 }));
  world.answers = [answer(429, { "Retry-After": "20" })];
  view(tracker, "a");
  await world.pass(120_000);
  assert.equal(world.requests[1].at - world.requests[0].at, 25_000);
});

test("a token is asked for anew with each try", async () => {
  let tokens = 0;
  const { world, tracker } = start(new FakeWorld(), { token: async () => `token-${++tokens}` });
  world.answers = [answer(401)];
  view(tracker, "a");
  await world.pass(60_000);
  assert.deepEqual(world.requests.map((request) => request.headers.Authorization), ["Bearer token-1", "Bearer token-2"]);
});

test("a page that is left asks for no token first, and the first one is asked for ahead", async () => {
  const never = new Promise(() => {});
  const tokens = [Promise.resolve("token-1"), Promise.resolve("token-2"), never];
  const { world, tracker } = start(new FakeWorld(), { token: () => tokens.shift() });
  const leave = () => world.page.dispatchEvent(new Event("pagehide"));
  view(tracker, "a");
  await settle();
  leave();
  assert.deepEqual(objects(world.sent), ["a"]);
  await settle();
  view(tracker, "b");
  await world.pass(GATHER_MILLIS);
  view(tracker, "c");
  await world.pass(GATHER_MILLIS);
  leave();
  assert.deepEqual(objects(world.sent), ["a", "b", "c"]);
  const used = world.requests.map((request) => request.headers.Authorization);
  assert.deepEqual(used, ["Bearer token-1", "Bearer token-1", "Bearer token-2"]);
});

test("a page that is left while it is hidden sends once", async () => {
  const { world, tracker } = start();
  view(tracker, "a");
  world.document.visibilityState = "hidden";
  world.document.dispatchEvent(new Event("visibilitychange"));
  view(tracker, "b");
  world.page.dispatchEvent(new Event("pagehide"));
  assert.deepEqual(objects(world.sent), ["a", "b"]);
  await settle();
  assert.equal(world.storage.length, 0);
});

test("a page's mistake with what it is told stops nothing", async (context) => {
  context.mock.method(console, "error", () => {});
  const fails = () => { throw new Error("of the page"); };
  const { world, tracker } = start(new FakeWorld(), { onRejected: fails, onDropped: fails });
  world.answers = [accept([{ index: 0, id: "x", code: "no_course" }]), answer(400)];
  for (const object of ["a", "b", "c"]) {
    view(tracker, object);
    await world.pass(GATHER_MILLIS);
  }
  assert.deepEqual(objects(world.sent), ["a", "b", "c"]);
  for (let n = 0; n <= MOST_EVENTS; n += 1) view(tracker, n);
  await world.pass(GATHER_MILLIS);
  assert.equal(world.storage.length, 0);
  assert.equal(console.error.mock.callCount(), 3);
});

test("a page without a secure context makes UUIDs all the same", async (context) => {
  Object.defineProperty(crypto, "randomUUID", { value: undefined, configurable: true });
  context.after(() => delete crypto.randomUUID);
  const world = new FakeWorld();
  const { newId, ...others } = world;
  const { tracker } = start(world, { world: others });
  view(tracker, "a");
  view(tracker, "b");
  await tracker.flush();
  const ids = world.sent.map((event) => event.id);
  ids.forEach((id) => assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/));
  assert.notEqual(ids[0], ids[1]);
});

test("a text that was cut in an emoji is sent without the half", async () => {
  const { world, tracker } = start();
  tracker.track("quiz.answered", { response: ["a\ud83d", "👩‍🏫", "\\ud83d"] });
  await tracker.flush();
  assert.deepEqual(world.sent[0].response, ["a\ufffd", "👩‍🏫", "\\ud83d"]);
});

test("rejected events are told of and not sent again", async () => {
  const { world, tracker, heard } = start();
  world.answers = [accept([{ index: 0, id: "x", code: "no_course" }])];
  view(tracker, "a");
  await world.pass(600_000);
  assert.deepEqual(heard.rejected, [{ index: 0, id: "x", code: "no_course" }]);
  assert.equal(world.requests.length, 1);
});

test("events that the stream had no room for are sent again, and no others", async () => {
  const { world, tracker, heard } = start();
  world.answers = [accept([{ index: 0, id: "x", code: "no_course" }, { index: 2, id: "y", code: "try_again" }]), accept()];
  for (const object of ["a", "b", "c"]) view(tracker, object);
  await world.pass(600_000);
  assert.deepEqual(world.requests.map(({ events }) => objects(events)), [["a", "b", "c"], ["c"]]);
  assert.deepEqual(heard.rejected.map((one) => one.code), ["no_course"]);
  assert.equal(world.storage.length, 0);
});

test("a batch that is too large is halved, and a hopeless event given up", async () => {
  const { world, tracker, heard } = start();
  world.answers = [answer(413), answer(413), answer(413), accept()];
  for (const object of ["a", "b", "c", "d"]) view(tracker, object);
  await world.pass(600_000);
  assert.deepEqual(world.requests.map((request) => request.events.length), [4, 2, 1, 1, 2]);
  assert.deepEqual(heard.rejected.map((one) => one.code), ["http_413"]);
  assert.equal(world.storage.length, 0);
});

test("a refused request is not repeated", async () => {
  const { world, tracker, heard } = start();
  world.answers = [answer(400)];
  view(tracker, "a");
  await world.pass(600_000);
  assert.equal(world.requests.length, 1);
  assert.equal(heard.rejected[0].code, "http_400");
});

test("the oldest events make room", async () => {
  const { world, tracker, heard } = start();
  world.answers = Array.from({ length: 50 }, () => "refused");
  for (let n = 0; n < MOST_EVENTS + 5; n += 1) view(tracker, n);
  assert.equal(heard.dropped, 5);
  const [kept] = world.storage.items.values();
  assert.equal(JSON.parse(JSON.parse(kept).events[0]).object, 5);
});

test("events outlive the page, and the next page of the same learner sends them", async () => {
  const storage = new FakeStorage();
  const first = start(new FakeWorld(storage));
  first.world.answers = ["refused"];
  view(first.tracker, "a");
  await first.tracker.flush();
  first.tracker.stop();

  const other = start(new FakeWorld(storage), { learner: "aluna-2" });
  const early = start(new FakeWorld(storage));
  await other.world.pass(ABANDONED_MILLIS);
  assert.deepEqual([other.world.sent, early.world.sent], [[], []]);

  const later = new FakeWorld(storage);
  later.time += ABANDONED_MILLIS;
  start(later);
  await later.pass(0);
  assert.deepEqual(objects(later.sent), ["a"]);
  assert.equal(later.sent[0].id, first.world.sent[0].id);
  assert.equal(storage.length, 0);
});

test("a page takes over what the page before it has left, once that is gone", async () => {
  const storage = new FakeStorage();
  const first = start(new FakeWorld(storage));
  first.world.answers = ["refused"];
  view(first.tracker, "a");
  first.world.page.dispatchEvent(new Event("pagehide"));
  await settle();
  first.tracker.stop();

  const { world } = start(new FakeWorld(storage));
  await world.pass(ABANDONED_MILLIS - 1);
  assert.deepEqual(world.sent, []);
  await world.pass(1);
  assert.deepEqual(objects(world.sent), ["a"]);
  assert.equal(storage.length, 0);
});

test("another course's events wait for a page of that course", async () => {
  const storage = new FakeStorage();
  const first = start(new FakeWorld(storage));
  view(first.tracker, "a");
  first.tracker.stop();
  const other = start(new FakeWorld(storage), { course: "turma/2" });
  await other.world.pass(2 * ABANDONED_MILLIS);
  assert.deepEqual(other.world.sent, []);
  other.tracker.stop();
  const { world } = start(new FakeWorld(storage));
  await world.pass(2 * ABANDONED_MILLIS);
  assert.deepEqual(objects(world.sent), ["a"]);
});

test("a page that is still there keeps its events", async () => {
  const storage = new FakeStorage();
  const { world, tracker } = start(new FakeWorld(storage));
  world.answers = Array.from({ length: 50 }, () => "refused");
  view(tracker, "a");
  await world.pass(ABANDONED_MILLIS * 2);
  const second = new FakeWorld(storage);
  second.time = world.time;
  start(second);
  await second.pass(GATHER_MILLIS);
  assert.deepEqual(second.sent, []);
});

test("storage that is full, forbidden or spoilt stops nothing", async () => {
  const full = new FakeStorage();
  full.full = true;
  const spoilt = new FakeStorage();
  spoilt.setItem("trilha:outbox:old", "{");
  const kept = { touched: 0, learner: "aluna-1", course: "turma/1", url: URL_ };
  spoilt.setItem("trilha:outbox:cut", JSON.stringify({ ...kept, events: ['{"id":"x'] }));
  spoilt.setItem("trilha:outbox:foreign", JSON.stringify({ ...kept, events: [5] }));
  for (const storage of [full, spoilt, null]) {
    const { world, tracker } = start(new FakeWorld(storage));
    view(tracker, "a");
    await world.pass(GATHER_MILLIS);
    assert.deepEqual(objects(world.sent), ["a"]);
  }
});

test("a page that is left sends what was watched in a request that outlives it", async () => {
  const { world, tracker } = start();
  const video = new FakeVideo(world);
  tracker.video(video, { video: "v/1", title: "Aula 1" });
  video.play();
  await video.watch(4);
  world.page.dispatchEvent(new Event("pagehide"));
  await settle();
  const last = world.requests.at(-1);
  assert.equal(last.keepalive, true);
  const { type, from, to, title, session } = last.events.at(-1);
  assert.deepEqual([type, from, to, title], ["video.watched", 0, 4, "Aula 1"]);
  assert.equal(session, last.events[0].session);
  assert.equal(world.storage.length, 0);
});

test("a page that is hidden does the same, and one that is left in vain keeps its events", async () => {
  const { world, tracker } = start();
  view(tracker, "a");
  world.answers = ["refused"];
  world.document.visibilityState = "hidden";
  world.document.dispatchEvent(new Event("visibilitychange"));
  await settle();
  assert.equal(world.requests[0].keepalive, true);
  assert.equal(world.storage.length, 1);
});

test("a request that outlives its page stays within what browsers allow", async () => {
  const { world, tracker } = start();
  for (let n = 0; n < 90; n += 1) view(tracker, "é".repeat(500));
  world.page.dispatchEvent(new Event("pagehide"));
  await settle();
  const bytes = new TextEncoder().encode(world.requests[0].body).length;
  assert.ok(bytes > 55_000 && bytes <= 60_000, `${bytes}`);
});

test("an answer is timed from when the question was shown, then from the answer before", async () => {
  const { world, tracker } = start();
  const question = tracker.question({ quiz: "prova-1", question: "q1", title: "Quanto é 2 + 2?" });
  await world.pass(4_250);
  question.answered({ attempt: 1, response: "5", correct: false });
  await world.pass(1_000);
  question.answered({ attempt: 2, response: "4", score: 1, max_score: 1 });
  await tracker.flush();
  const [first, second] = world.sent.map(({ id, time, learner, course, ...rest }) => rest);
  const common = { type: "quiz.answered", quiz: "prova-1", question: "q1", title: "Quanto é 2 + 2?" };
  assert.deepEqual(first, { ...common, attempt: 1, response: "5", correct: false, elapsed: 4.3 });
  assert.deepEqual(second, { ...common, attempt: 2, response: "4", score: 1, max_score: 1, elapsed: 1 });
});

test("an answer after the clock was put back has no time that it took", async () => {
  const { world, tracker } = start();
  const question = tracker.question({ quiz: "prova-1", question: "q1" });
  world.time -= 3_600_000;
  question.answered({ attempt: 1, correct: true });
  await tracker.flush();
  assert.equal("elapsed" in world.sent[0], false);
});

test("a stopped tracker plans nothing more", async () => {
  const { world, tracker } = start();
  view(tracker, "a");
  tracker.stop();
  await world.pass(600_000);
  assert.deepEqual([world.requests.length, world.timers.length, world.storage.length], [0, 0, 1]);
});
