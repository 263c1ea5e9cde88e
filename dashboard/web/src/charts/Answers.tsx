import { useState } from "preact/hooks";
import { f, t } from "../i18n";
import { answerRows, type AnswerRow } from "../series";
import type { Question } from "../types";

const SHOWN = 10;

/** How many learners gave each answer, on their first attempt and on their last. The list is its own text. */
export function Answers({ question }: { question: Question }) {
  const [all, setAll] = useState(false);
  const rows = answerRows(question);
  const most = Math.max(1, ...rows.flatMap((row) => [row.first, row.last]));
  const shown = all ? rows : rows.slice(0, SHOWN);
  if (rows.length === 0) return <p class="summary">{t("question.answers_none")}</p>;
  return (
    <>
      <ul class="legend">
        <li><span class="swatch first" />{t("question.first")}</li>
        <li><span class="swatch last" />{t("question.last")}</li>
      </ul>
      <ol class="answers">
        {shown.map((row) => <Answer key={row.response} row={row} most={most} learners={question.learners} />)}
      </ol>
      {rows.length > SHOWN && (
        <button type="button" class="quiet" onClick={() => setAll(!all)}>
          {all ? t("app.show_fewer") : t("app.show_all", { count: f.integer(rows.length) })}
        </button>
      )}
      <p class="summary">{summary(question)}</p>
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
  value: number;
  most: number;
  learners: number;
}

function Bar({ kind, label, value, most, learners }: BarProps) {
  return (
    <span class="pair">
      <svg class={`hbar ${kind}`} viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
        <rect class="room" width={100} height={10} />
        <rect class="value" width={(value / most) * 100} height={10} />
      </svg>
      <span class="count">
        <span class="hidden">{`${label}: `}</span>
        <strong>{f.integer(value)}</strong> <small>{f.percent(learners === 0 ? 0 : value / learners)}</small>
      </span>
    </span>
  );
}

function answerText(response: string | null): string {
  if (response === null) return t("question.other");
  return response.trim() === "" ? t("question.blank") : response;
}

function summary(question: Question): string {
  const [first, last] = [question.responses_first[0], question.responses_last[0]];
  if (!first || !last) return "";
  const share = f.percent(question.learners === 0 ? 0 : first.learners / question.learners);
  return t("question.answers_summary", { first: answerText(first.response), share, last: answerText(last.response) });
}
