import assert from "node:assert/strict";
import test from "node:test";
import { hardQuestions, leakyVideos } from "./insight";
import { answerRows, intervals, peak, timelineTicks } from "./series";
import type { Question, Video } from "./types";

const question: Question = {
  quiz: "p", quiz_title: null, question: "q", title: null, learners: 10, attempts: 10, attempts_per_learner: [],
  facility: 0.2, final_facility: null, correct_first_attempt: null, responses_first: [], responses_first_other: 0,
  responses_last: [], responses_last_other: 0, elapsed: { median: null, histogram: [] },
  marks: [{ code: "facility_low", value: 0.2, limit: 0.3 }],
};

const video: Video = {
  video: "v", title: null, length: 100, threshold: 0.95, viewers: 10, plays: 10, completed: 0, completion_rate: 0,
  average_coverage: 0, content_time: 0, watch_time: 0, bins: { width: 5, views: [], viewers: [] }, rewatches: [],
  retention: [], drop_off: { bin: 4, second: 20, lost: 3 },
};

test("the hardest questions come first, and few answers point at nothing", () => {
  const few = { ...question, question: "few", learners: 4, facility: 0 };
  const harder = { ...question, question: "harder", facility: 0.1 };
  const fine = { ...question, question: "fine", facility: 0.5, marks: [] };
  assert.deepEqual(hardQuestions([question, few, harder, fine]).map((one) => one.question), ["harder", "q"]);
});

test("a video leaks by the share it loses, not in its credits", () => {
  const credits = { ...video, video: "credits", drop_off: { bin: 19, second: 95, lost: 9 } };
  const large = { ...video, video: "large", viewers: 100, drop_off: { bin: 1, second: 5, lost: 40 } };
  const slight = { ...video, video: "slight", viewers: 100, drop_off: { bin: 1, second: 5, lost: 9 } };
  assert.deepEqual(leakyVideos([video, credits, large, slight]).map((one) => one.video), ["large", "v"]);
});

test("a peak is the first greatest value above zero", () => {
  assert.equal(peak([0, 2, 5, 5]), 2);
  assert.equal(peak([0, 0]), -1);
  assert.equal(peak([]), -1);
});

test("answers of first and last attempts meet in one row, the rest comes last", () => {
  const rows = answerRows({
    ...question,
    responses_first: [{ response: "b", learners: 6 }, { response: "a", learners: 3 }],
    responses_last: [{ response: "c", learners: 7 }, { response: "b", learners: 2 }],
    responses_first_other: 1,
  });
  assert.deepEqual(rows, [
    { response: "b", first: 6, last: 2 },
    { response: "a", first: 3, last: 0 },
    { response: "c", first: 0, last: 7 },
    { response: null, first: 1, last: 0 },
  ]);
});

test("every attempt falls into one interval", () => {
  const histogram = [{ seconds: 0, attempts: 1 }, { seconds: 9, attempts: 2 }, { seconds: 3_600, attempts: 4 }];
  for (const most of [1, 7, 20, 4_000]) {
    const total = intervals(histogram, most).reduce((sum, one) => sum + one.count, 0);
    assert.equal(total, 7, `${most}`);
  }
  assert.deepEqual(intervals(histogram.slice(0, 2), 5), [
    { from: 0, to: 2, count: 1 }, { from: 2, to: 4, count: 0 }, { from: 4, to: 6, count: 0 },
    { from: 6, to: 8, count: 0 }, { from: 8, to: 10, count: 2 },
  ]);
  assert.deepEqual(intervals([], 10), []);
});

test("a timeline is cut into round steps", () => {
  assert.deepEqual(timelineTicks(100, 4), [0, 30, 60, 90]);
  assert.deepEqual(timelineTicks(3, 4), [0]);
});
