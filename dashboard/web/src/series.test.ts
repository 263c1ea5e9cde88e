import assert from "node:assert/strict";
import test from "node:test";
import { hardQuestions, isSkip, leakyVideos, replayedVideos } from "./insight";
import { answerRows, intervals, peak, span, timelineTicks } from "./series";
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
  const two = { ...video, video: "two", drop_off: { bin: 4, second: 20, lost: 2 } };
  assert.deepEqual(leakyVideos([video, credits, large, slight, two]).map((one) => one.video), ["large", "v"]);
});

test("whoever skips a part and watches on is not lost", () => {
  const drop_off = { bin: 1, second: 5, lost: 4 };
  const with_viewers = (...viewers: number[]) => ({ ...video, drop_off, bins: { width: 5, views: viewers, viewers } });
  const skipped = with_viewers(10, 6, 9, 9);
  const left = with_viewers(10, 6, 6, 8);
  assert.deepEqual([isSkip(skipped), isSkip(left), isSkip({ ...skipped, drop_off: null })], [true, false, false]);
  assert.deepEqual(leakyVideos([skipped, left]), [left]);
});

test("a part that many watch again is pointed at, not one that few reached", () => {
  const bins = { width: 5, views: [10, 10, 12], viewers: [10, 9, 8] };
  const again = { ...video, drop_off: null, bins, rewatches: [0, 1, 4] };
  const few = { ...again, bins: { ...bins, viewers: [10, 9, 4] } };
  assert.deepEqual(replayedVideos([few, { ...again, rewatches: [0, 1, 1] }, again]), [{ video: again, bin: 2 }]);
});

test("a leaky video is not pointed at twice, and takes a place", () => {
  const bins = { width: 5, views: [10, 14], viewers: [10, 10] };
  const again = { ...video, drop_off: null, bins, rewatches: [0, 4] };
  const leaky = { ...again, drop_off: video.drop_off };
  assert.deepEqual(replayedVideos([leaky, again, again, again]).map((one) => one.video), [again, again]);
});

test("a peak is the first greatest value above zero", () => {
  assert.equal(peak([0, 2, 5, 5]), 2);
  assert.equal(peak([0, 0]), -1);
  assert.equal(peak([]), -1);
});

test("answers of first and last attempts meet in one row, the rest comes last, and what is not listed is not none", () => {
  const rows = answerRows({
    ...question,
    responses_first: [{ response: "b", learners: 6 }, { response: "a", learners: 3 }],
    responses_last: [{ response: "c", learners: 7 }, { response: "b", learners: 2 }],
    responses_first_other: 1,
  });
  assert.deepEqual(rows, [
    { response: "b", first: 6, last: 2 },
    { response: "a", first: 3, last: 0 },
    { response: "c", first: null, last: 7 },
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

test("a few long attempts share one interval", () => {
  const histogram = [{ seconds: 5, attempts: 50 }, { seconds: 19, attempts: 48 }, { seconds: 700, attempts: 2 }];
  assert.deepEqual(intervals(histogram, 6), [
    { from: 0, to: 5, count: 0 }, { from: 5, to: 10, count: 50 }, { from: 10, to: 15, count: 0 },
    { from: 15, to: 20, count: 48 }, { from: 20, to: null, count: 2 },
  ]);
});

test("a bin's span ends with the video", () => {
  const position = (seconds: number) => `${seconds}`;
  assert.equal(span({ ...video, length: 13 }, 1, position), "5–10");
  assert.equal(span({ ...video, length: 13 }, 2, position), "10–13");
  assert.equal(span({ ...video, length: null }, 2, position), "10–15");
});

test("a timeline is cut into round steps", () => {
  assert.deepEqual(timelineTicks(100, 4), [0, 30, 60, 90]);
  assert.deepEqual(timelineTicks(3, 4), [0]);
});
