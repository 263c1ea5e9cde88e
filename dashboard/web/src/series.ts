// Series of numbers made ready for a chart.
import type { Question, Video } from "./types";

/** The index of the greatest value, the first on ties; −1 when none is above zero. */
export function peak(values: readonly number[]): number {
  let best = -1;
  values.forEach((value, index) => {
    if (value > 0 && value > (values[best] ?? 0)) best = index;
  });
  return best;
}

/** The part of a video that a bin covers, as "3:20–3:25". */
export function span(video: Video, bin: number, position: (seconds: number) => string): string {
  const [from, to] = [bin * video.bins.width, (bin + 1) * video.bins.width];
  return `${position(from)}–${position(video.length === null ? to : Math.min(to, Math.max(video.length, from)))}`;
}

export interface AnswerRow {
  /** null: all answers that are not listed. */
  response: string | null;
  /** Learners; null when they are among those that are not listed. */
  first: number | null;
  last: number | null;
}

/** Answers of first and last attempts side by side, the most common first answers first. */
export function answerRows(question: Question): AnswerRow[] {
  const other = { response: null, first: question.responses_first_other, last: question.responses_last_other };
  const [noFirst, noLast] = [other.first > 0 ? null : 0, other.last > 0 ? null : 0];
  const rows = new Map<string, AnswerRow>();
  for (const { response, learners } of question.responses_first) rows.set(response, { response, first: learners, last: noLast });
  for (const { response, learners } of question.responses_last) {
    const row = rows.get(response) ?? { response, first: noFirst, last: 0 };
    rows.set(response, { ...row, last: learners });
  }
  const sorted = [...rows.values()].sort((a, b) => (b.first ?? 0) - (a.first ?? 0) || (b.last ?? 0) - (a.last ?? 0));
  return other.first + other.last > 0 ? [...sorted, other] : sorted;
}

export interface Interval {
  /** Seconds, inclusive. */
  from: number;
  /** Seconds, exclusive; null: as long as it takes. */
  to: number | null;
  count: number;
}

const WIDTHS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1_200, 3_601];

/** How much of a histogram its intervals of one width hold at least; the rest is one interval without end. */
const BULK = 0.95;

/**
 * A histogram of whole seconds, ascending, in at most `most` intervals of one round width. The few that take far longer
 * share a last one, for else they would press all others together.
 */
export function intervals(histogram: Question["elapsed"]["histogram"], most: number): Interval[] {
  const greatest = histogram.at(-1)?.seconds;
  if (greatest === undefined) return [];
  const bulk = quantile(histogram, BULK);
  const end = greatest > bulk * 2 && most > 1 ? bulk : greatest;
  const room = end === greatest ? most : most - 1;
  const width = WIDTHS.find((candidate) => Math.floor(end / candidate) < room) ?? 3_601;
  const result = Array.from({ length: Math.floor(end / width) + 1 }, (_, i): Interval => ({ from: i * width, to: (i + 1) * width, count: 0 }));
  if (end !== greatest) result.push({ from: result.length * width, to: null, count: 0 });
  for (const { seconds, attempts } of histogram) result[Math.min(result.length - 1, Math.floor(seconds / width))]!.count += attempts;
  return result;
}

/** The least value that `share` of the attempts do not exceed. */
function quantile(histogram: Question["elapsed"]["histogram"], share: number): number {
  const wanted = share * histogram.reduce((sum, row) => sum + row.attempts, 0);
  let counted = 0;
  return histogram.find((row) => (counted += row.attempts) >= wanted)?.seconds ?? 0;
}

const STEPS = [5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200];

/** Round positions on a timeline of `length` seconds, at most `most` steps apart. */
export function timelineTicks(length: number, most: number): number[] {
  const step = STEPS.find((candidate) => length / candidate <= most) ?? 14_400;
  return Array.from({ length: Math.floor(length / step) + 1 }, (_, i) => i * step);
}
