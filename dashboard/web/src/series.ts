// Series of numbers made ready for a chart.
import type { Question } from "./types";

/** The index of the greatest value, the first on ties; −1 when none is above zero. */
export function peak(values: readonly number[]): number {
  let best = -1;
  values.forEach((value, index) => {
    if (value > 0 && value > (values[best] ?? 0)) best = index;
  });
  return best;
}

export interface AnswerRow {
  /** null: all answers that are not listed. */
  response: string | null;
  first: number;
  last: number;
}

/** Answers of first and last attempts side by side, the most common first answers first. */
export function answerRows(question: Question): AnswerRow[] {
  const rows = new Map<string, AnswerRow>();
  for (const { response, learners } of question.responses_first) rows.set(response, { response, first: learners, last: 0 });
  for (const { response, learners } of question.responses_last) {
    const row = rows.get(response) ?? { response, first: 0, last: 0 };
    rows.set(response, { ...row, last: learners });
  }
  const sorted = [...rows.values()].sort((a, b) => b.first - a.first || b.last - a.last);
  const other = { response: null, first: question.responses_first_other, last: question.responses_last_other };
  return other.first + other.last > 0 ? [...sorted, other] : sorted;
}

export interface Interval {
  /** Seconds, inclusive. */
  from: number;
  /** Seconds, exclusive. */
  to: number;
  count: number;
}

const WIDTHS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1_200, 3_601];

/** A histogram of whole seconds in at most `most` intervals of one round width. */
export function intervals(histogram: Question["elapsed"]["histogram"], most: number): Interval[] {
  const greatest = Math.max(0, ...histogram.map((row) => row.seconds));
  const width = WIDTHS.find((candidate) => Math.floor(greatest / candidate) < most) ?? 3_601;
  const size = histogram.length === 0 ? 0 : Math.floor(greatest / width) + 1;
  const result = Array.from({ length: size }, (_, i) => ({ from: i * width, to: (i + 1) * width, count: 0 }));
  for (const { seconds, attempts } of histogram) result[Math.floor(seconds / width)]!.count += attempts;
  return result;
}

const STEPS = [5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200];

/** Round positions on a timeline of `length` seconds, at most `most` steps apart. */
export function timelineTicks(length: number, most: number): number[] {
  const step = STEPS.find((candidate) => length / candidate <= most) ?? 14_400;
  return Array.from({ length: Math.floor(length / step) + 1 }, (_, i) => i * step);
}
