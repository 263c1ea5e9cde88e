// What deserves an instructor's attention first.
import type { Question, Video } from "./types";

/** Below this many learners one person's answer moves a number too far to point at it. */
export const ENOUGH_LEARNERS = 5;
const SHOWN = 3;
const NOTABLE_LOSS = 0.1;
/** Viewers who leave during the credits are not lost. */
const CREDITS_FROM = 0.9;

/** Questions that few get right at first, hardest first. */
export function hardQuestions(questions: readonly Question[]): Question[] {
  const hard = questions.filter((question) => question.learners >= ENOUGH_LEARNERS && isMarked(question, "facility_low"));
  return hard.sort((a, b) => (a.facility ?? 1) - (b.facility ?? 1)).slice(0, SHOWN);
}

/** Videos that lose a notable share of their viewers at one point, the greatest share first. */
export function leakyVideos(videos: readonly Video[]): Video[] {
  const leaky = videos.filter((video) => video.viewers >= ENOUGH_LEARNERS && isNotable(video));
  return leaky.sort((a, b) => lostShare(b) - lostShare(a)).slice(0, SHOWN);
}

export function isMarked(question: Question, code: Question["marks"][number]["code"]): boolean {
  return question.marks.some((mark) => mark.code === code);
}

/** Whether a video loses a notable share of its viewers at one point before its credits. */
export function isNotable(video: Video): boolean {
  const early = video.drop_off !== null && (video.length === null || video.drop_off.second < video.length * CREDITS_FROM);
  return early && lostShare(video) >= NOTABLE_LOSS;
}

function lostShare(video: Video): number {
  return video.drop_off === null ? 0 : video.drop_off.lost / video.viewers;
}
