import { useState } from "preact/hooks";
import { f, t } from "../i18n";
import { answerRows, type AnswerRow } from "../series";
import type { Question } from "../types";

const SHOWN = 10;
/** The server cuts longer answers to this many characters. */
const CUT = 200;
/** As much of an answer as a sentence bears. */
const QUOTED = 60;

/** How many learners gave each answer, on their first attempt and on their last. The list is its own text. */
export function Answers({ question }: { question: Question }) {
  const [all, setAll] = useState(false);
  const rows = answerRows(question);
  const most = Math.max(1, ...rows.flatMap((row) => [row.first ?? 0, row.last ?? 0]));
  const shown = all ? rows : rows.slice(0, SHOWN);
  if (rows.length === 0) return <p class="summary">{t("question.answers_none")}</p>;
  return (
    <>
      <p class="summary">{summary(question)}</p>
      <ul class="legend">
        <li><span class="swatch first" />{t("question.first")}</li>
        <li><span class="swatch last" />{t("question.last")}</li>
      </ul>
      <ol class="answers">
        {shown.map((row) => <Answer key={row.response} row={row} most={most} learners={question.learners} />)}
      </ol>
      {rows.length > SHOWN && (
        <button type="button" class="quiet" aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? t("app.show_fewer") : t("question.answers_all", { count: f.integer(rows.length) })}
        </button>
      )}
    </>
  );
}

function Answer({ row, most, learners }: { row: AnswerRow; most: number; learners: number }) {
  return (
    <li>
      <span class={row.response ? "answer" : "answer muted"}>{answerText(row.response)}</span>
      <Bar kind="first" label={t("question.first")} value={row.first} most={most} learners={learners} />
      <Bar kind="last" label={t("question.last")} value={row.last} most={most} learners={learners} />
    </li>
  );
}

interface BarProps {
  kind: "first" | "last";
  label: string;
  value: number | null;
  most: number;
  learners: number;
}

function Bar({ kind, label, value, most, learners }: BarProps) {
  return (
    <span class="pair">
      <svg class={`hbar ${kind}`} viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
        <rect class="room" width={100} height={10} />
        {value !== null && <rect class="value" width={barLength(value, most)} height={10} />}
      </svg>
      <span class="count">
        <span class="hidden">{`${label}: `}</span>
        {value === null
          ? <small>{t("question.not_listed")}</small>
          : <><strong>{f.integer(value)}</strong> <small>{f.percent(learners === 0 ? 0 : value / learners)}</small></>}
      </span>
    </span>
  );
}

/** In percent; whoever is there is seen. */
function barLength(value: number, most: number): number {
  return value <= 0 ? 0 : Math.max(1, (value / most) * 100);
}

function answerText(response: string | null): string {
  if (response === null) return t("question.other");
  if (response.trim() === "") return t("question.blank");
  return [...response].length >= CUT ? `${response}…` : response;
}

function summary(question: Question): string {
  const [first, last] = [question.responses_first[0], question.responses_last[0]];
  if (!first || !last) return "";
  if (first.learners === 1 && question.learners > 1) return t("question.answers_distinct");
  const share = f.percent(question.learners === 0 ? 0 : first.learners / question.learners);
  return t("question.answers_summary", { first: quoted(first.response), share, last: quoted(last.response) });
}

function quoted(response: string): string {
  const characters = [...answerText(response)];
  return characters.length > QUOTED ? `${characters.slice(0, QUOTED).join("").trimEnd()}…` : characters.join("");
}
