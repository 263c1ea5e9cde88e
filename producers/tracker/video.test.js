import assert from "node:assert/strict";
import test from "node:test";
import { FakeVideo, FakeWorld } from "./fake-world.js";
import { followVideo } from "./video.js";

function follow() {
  const world = new FakeWorld();
  const video = new FakeVideo(world);
  const events = [];
  const follower = followVideo(video, (type, fields) => events.push({ type, ...fields }), world);
  const watched = () => events.filter((event) => event.type === "video.watched").map(({ from, to, rate }) => [from, to, rate]);
  const others = () => events.filter((event) => event.type !== "video.watched").map(({ type }) => type.replace("video.", ""));
  return { world, video, events, follower, watched, others };
}

test("playing is told as heartbeats that continue one another", async () => {
  const { video, watched, events } = follow();
  video.play();
  await video.watch(40);
  video.pause();
  assert.deepEqual(watched(), [[0, 15, 1], [15, 30, 1], [30, 40, 1]]);
  assert.deepEqual(events[0], { type: "video.played", position: 0, rate: 1, length: 600 });
  assert.deepEqual(events.at(-1), { type: "video.paused", position: 40, length: 600 });
});

test("nothing is watched while paused", async () => {
  const { world, video, watched } = follow();
  video.play();
  await video.watch(5);
  video.pause();
  await world.pass(60_000);
  video.play();
  await video.watch(5);
  video.pause();
  assert.deepEqual(watched(), [[0, 5, 1], [5, 10, 1]]);
});

test("a seek ends the segment where it began, and the next begins where it ended", async () => {
  const { video, watched, events } = follow();
  video.play();
  await video.watch(10);
  video.seek(100);
  await video.watch(5);
  video.pause();
  assert.deepEqual(watched(), [[0, 10, 1], [100, 105, 1]]);
  const { from, to } = events.find((event) => event.type === "video.seeked");
  assert.deepEqual([from, to], [10, 100]);
});

test("scrubbing is one seek", async () => {
  const { video, watched, events } = follow();
  video.play();
  await video.watch(10);
  for (const position of [50, 200, 120]) video.startSeek(position);
  video.endSeek();
  video.pause();
  assert.deepEqual(watched(), [[0, 10, 1]]);
  const seeks = events.filter((event) => event.type === "video.seeked").map(({ from, to }) => [from, to]);
  assert.deepEqual(seeks, [[10, 120]]);
});

test("a seek while paused watches nothing", async () => {
  const { video, watched, others } = follow();
  video.seek(300);
  assert.deepEqual(watched(), []);
  assert.deepEqual(others(), ["seeked"]);
});

test("each rate has its own segment", async () => {
  const { video, watched } = follow();
  video.play();
  await video.watch(4);
  video.setRate(2);
  await video.watch(4);
  video.pause();
  assert.deepEqual(watched(), [[0, 4, 1], [4, 12, 2]]);
});

test("waiting for data is not watching", async () => {
  const { world, video, watched } = follow();
  video.play();
  await video.watch(4);
  video.tell("waiting");
  await world.pass(30_000);
  video.tell("timeupdate");
  video.tell("playing");
  await video.watch(4);
  video.pause();
  assert.deepEqual(watched(), [[0, 4, 1], [4, 8, 1]]);
});

test("the end completes, and does not pause", async () => {
  const { video, others, events, watched } = follow();
  video.duration = 5;
  video.play();
  await video.watch(5);
  video.end();
  assert.deepEqual(others(), ["played", "completed"]);
  assert.deepEqual(watched(), [[0, 5, 1]]);
  assert.equal(events.at(-1).position, 5);
});

test("a jump without a word is not watched", async () => {
  const { video, watched } = follow();
  video.play();
  await video.watch(4);
  video.currentTime = 500;
  await video.watch(4);
  video.pause();
  assert.deepEqual(watched(), [[0, 4, 1], [500.25, 504, 1]]);
});

test("a cut while playing goes on in a new segment", async () => {
  const { video, watched, follower } = follow();
  video.play();
  await video.watch(4);
  follower.cut();
  await video.watch(4);
  follower.stop();
  assert.deepEqual(watched(), [[0, 4, 1], [4.25, 8, 1]]);
});

test("a cut tells what was watched since the position was told last", async () => {
  const { world, video, watched, follower } = follow();
  video.play();
  await video.watch(4);
  await world.pass(200);
  video.currentTime = 4.2;
  follower.cut();
  assert.deepEqual(watched(), [[0, 4.2, 1]]);
});

test("a stopped follower hears nothing more", async () => {
  const { video, events, follower } = follow();
  follower.stop();
  video.play();
  await video.watch(30);
  assert.deepEqual(events, []);
});

test("an unknown length is left out", async () => {
  const { video, events } = follow();
  video.duration = Number.NaN;
  video.play();
  assert.equal("length" in events[0], false);
});
