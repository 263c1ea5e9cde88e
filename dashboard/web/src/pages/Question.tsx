import { questionName, quizName } from "../called";
import { Answers } from "../charts/Answers";
import { Bars, BARS_HEIGHT } from "../charts/Bars";
import { BAND, FacilityScale } from "../charts/FacilityScale";
import { useWidth } from "../hooks";
import { count, f, t } from "../i18n";
import { KeyNumbers } from "../parts/KeyNumbers";
import { Figure, LEAST_WIDTH } from "../charts/Figure";
import { ProblemPage } from "../parts/Problem";
import { Title } from "../parts/Title";
import { intervals, type Interval } from "../series";
import type { CourseViews, Question } from "../types";
import { courseCrumbs } from "./Video";

interface Props {
  views: CourseViews;
  quiz: string;
  id: string;
}

/** One question: what learners answer, how hard it is and how often they try. */
export function QuestionPage({ views, quiz, id }: Props) {
  const crumbs = courseCrumbs(views);
  const question = views.questions.find((one) => one.quiz === quiz && one.question === id);
  if (!question) return <ProblemPage title={t("problem.no_question")} back={{ name: t("problem.back"), href: crumbs[1].href }} />;
  return (
    <>
      <Title name={questionName(question)} crumbs={crumbs} page={`question ${quiz} ${id}`}>
        <p class="lead">{t("question.quiz")}: {quizName(question).title}</p>
      </Title>
      <Marks question={question} />
      <section class="card"><QuestionKeys question={question} /></section>
      <div class="halves">
        <section class="card">
          <h2>{t("question.answers")}</h2>
          <p class="hint">{t("question.answers_help")}</p>
          <Answers question={question} />
        </section>
        <div>
          <section class="card"><Band question={question} /></section>
          <section class="card"><PerLearner question={question} /></section>
          <section class="card"><Times question={question} /></section>
        </div>
      </div>
    </>
  );
}

function Marks({ question }: { question: Question }) {
  return (
    <>
      {question.marks.map(({ code, value, limit }) => (
        <p key={code} class={`mark ${code}`}>
          {t(code === "facility_low" ? "question.low_text" : "question.high_text", { value: f.scoreBeside(value, limit), limit: f.score(limit) })}
        </p>
      ))}
    </>
  );
}

const band = { low: f.score(BAND.low), high: f.score(BAND.high) };

function QuestionKeys({ question }: { question: Question }) {
  const score = (value: number | null) => (value === null ? null : f.score(value));
  const { elapsed } = question;
  // Without a score nobody knows what is correct: 0 % would say that nobody was.
  const correct = question.facility === null ? null : question.correct_first_attempt;
  const numbers = [
    { name: t("question.learners"), value: f.integer(question.learners), help: t("question.learners_help") },
    { name: t("question.attempts"), value: f.integer(question.attempts), help: t("question.attempts_help") },
    { name: t("question.facility"), value: score(question.facility), help: t("question.facility_help") },
    { name: t("question.final"), value: score(question.final_facility), help: t("question.final_help") },
    { name: t("question.correct"), value: correct === null ? null : f.percent(correct), help: t("question.correct_help") },
    { name: t("question.elapsed"), value: elapsed.median === null ? null : f.compactDuration(elapsed.median), help: t("question.elapsed_help") },
  ];
  return <KeyNumbers numbers={numbers} />;
}

function Band({ question }: { question: Question }) {
  if (question.facility === null) return <><h2>{t("question.band")}</h2><p class="hint">{t("question.no_facility_text")}</p></>;
  return <BandFigure question={question} />;
}

function BandFigure({ question }: { question: Question }) {
  const [box, width] = useWidth<HTMLDivElement>();
  const score = (value: number | null) => (value === null ? t("app.none") : f.score(value));
  const values = { ...band, first: score(question.facility), last: score(question.final_facility) };
  return (
    <figure class="figure">
      <figcaption><h2>{t("question.band")}</h2></figcaption>
      <div class="plot" ref={box}>{width >= LEAST_WIDTH && <FacilityScale question={question} width={width} />}</div>
      <p class="summary">{t("question.band_summary", values)}</p>
    </figure>
  );
}

function PerLearner({ question }: { question: Question }) {
  const rows = question.attempts_per_learner;
  const once = rows.find((row) => row.attempts === 1)?.learners ?? 0;
  const share = f.percent(question.learners === 0 ? 0 : once / question.learners);
  const bars = rows.map((row) => ({ key: String(row.attempts), label: f.integer(row.attempts), count: row.learners }));
  return (
    <Figure
      title={t("question.per_learner")}
      help={t("question.per_learner_help")}
      summary={count("question.per_learner_summary", rows.at(-1)?.attempts ?? 0, { share })}
      columns={[t("question.attempts"), t("question.learners")]}
      rows={() => rows.map((row) => [f.integer(row.attempts), f.integer(row.learners)])}
      height={BARS_HEIGHT}
    >
      {(width) => (
        <Bars name={t("question.per_learner")} counted={t("question.learners")} bars={bars} width={width} gap={0.24} labelled={every(bars.length, width)} />
      )}
    </Figure>
  );
}

function Times({ question: { elapsed } }: { question: Question }) {
  if (elapsed.median === null) return <><h2>{t("question.times")}</h2><p class="hint">{t("question.times_none")}</p></>;
  const parts = intervals(elapsed.histogram, 12);
  const bars = parts.map((part) => ({ key: String(part.from), label: range(part), tick: part.to === null ? `${f.position(part.from)}+` : f.position(part.from), count: part.count }));
  return (
    <Figure
      title={t("question.times")}
      help={t("question.times_help")}
      summary={t("question.times_summary", { median: f.duration(elapsed.median) })}
      columns={[t("question.times"), t("question.attempts")]}
      rows={() => parts.map((part) => [range(part), f.integer(part.count)])}
      height={BARS_HEIGHT}
    >
      {(width) => (
        <Bars name={t("question.times")} counted={t("question.attempts")} bars={bars} width={width} gap={0.24} labelled={every(bars.length, width)} />
      )}
    </Figure>
  );
}

/** The last second of an interval belongs to it. */
function range({ from, to }: Interval): string {
  if (to === null) return t("question.seconds_open", { from: f.position(from) });
  return to - from === 1 ? f.position(from) : t("question.seconds_range", { from: f.position(from), to: f.position(to - 1) });
}

const LABEL_WIDTH = 52;

/** Which of a chart's bars have a label, so that none meets its neighbour. */
function every(bars: number, width: number): (index: number) => boolean {
  const step = Math.ceil((bars * LABEL_WIDTH) / width);
  return (index) => index % step === 0;
}
