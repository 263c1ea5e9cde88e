// What deserves an instructor's attention first.
import { peak } from "./series";
import type { Question, Video } from "./types";

/** Below this many learners one person's answer moves a number too far to point at it. */
export const ENOUGH_LEARNERS = 5;
const SHOWN = 3;
const NOTABLE_LOSS = 0.1;
const NOTABLE_REPLAY = 0.2;
/** Fewer than this are not "many", whatever their share. */
const MANY = 3;
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

export interface Replay {
  video: Video;
  bin: number;
}

/**
 * Videos with a part that a notable share of its viewers watch again, the greatest share first: as many as leave room for
 * the leaky ones, and none of those.
 */
export function replayedVideos(videos: readonly Video[]): Replay[] {
  const leaky = leakyVideos(videos);
  const others = videos.filter((video) => !leaky.includes(video));
  const replays = others.map((video) => ({ video, bin: peak(video.rewatches) })).filter(isNotableReplay);
  return replays.sort((a, b) => replayShare(b) - replayShare(a)).slice(0, SHOWN - leaky.length);
}

function isNotableReplay(replay: Replay): boolean {
  const { video, bin } = replay;
  const [viewers, rewatches] = [video.bins.viewers[bin] ?? 0, video.rewatches[bin] ?? 0];
  return viewers >= ENOUGH_LEARNERS && rewatches >= MANY && replayShare(replay) >= NOTABLE_REPLAY;
}

function replayShare({ video, bin }: Replay): number {
  return (video.rewatches[bin] ?? 0) / Math.max(1, video.bins.viewers[bin] ?? 0);
}

export function isMarked(question: Question, code: Question["marks"][number]["code"]): boolean {
  return question.marks.some((mark) => mark.code === code);
}

/** Whether a video loses a notable share of its viewers at one point before its credits, and for good. */
export function isNotable(video: Video): boolean {
  const early = video.drop_off !== null && (video.length === null || video.drop_off.second < video.length * CREDITS_FROM);
  return early && (video.drop_off?.lost ?? 0) >= MANY && lostShare(video) >= NOTABLE_LOSS && !isSkip(video);
}

/** Whether most of those who leave at the largest loss watch a later part: they skipped, say, the opening titles. */
export function isSkip({ drop_off: drop, bins: { viewers } }: Video): boolean {
  if (drop === null) return false;
  const later = Math.max(0, ...viewers.slice(drop.bin + 1));
  return later - (viewers[drop.bin] ?? 0) > drop.lost / 2;
}

function lostShare(video: Video): number {
  return video.drop_off === null ? 0 : video.drop_off.lost / video.viewers;
}
