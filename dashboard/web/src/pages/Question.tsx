import { questionName, quizName } from "../called";
import { Answers } from "../charts/Answers";
import { Columns, COLUMNS_HEIGHT } from "../charts/Columns";
import { BAND, FacilityScale } from "../charts/FacilityScale";
import { useWidth } from "../hooks";
import { f, t } from "../i18n";
import { KeyNumber } from "../parts/KeyNumber";
import { Figure, LEAST_WIDTH } from "../charts/Figure";
import { ProblemPage } from "../parts/Problem";
import { Title } from "../parts/Title";
import { intervals } from "../series";
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
          {t(code === "facility_low" ? "question.low_text" : "question.high_text", { value: f.score(value), limit: f.score(limit) })}
        </p>
      ))}
    </>
  );
}

const band = { low: f.score(BAND.low), high: f.score(BAND.high) };

function QuestionKeys({ question }: { question: Question }) {
  const score = (value: number | null) => (value === null ? null : f.score(value));
  const { correct_first_attempt: correct, elapsed } = question;
  return (
    <dl class="keys">
      <KeyNumber name={t("question.learners")} value={f.integer(question.learners)} help={t("question.learners_help")} />
      <KeyNumber name={t("question.attempts")} value={f.integer(question.attempts)} help={t("question.attempts_help")} />
      <KeyNumber name={t("question.facility")} value={score(question.facility)} help={t("question.facility_help", band)} />
      <KeyNumber name={t("question.final")} value={score(question.final_facility)} help={t("question.final_help")} />
      <KeyNumber name={t("question.correct")} value={correct === null ? null : f.percent(correct)} help={t("question.correct_help")} />
      <KeyNumber name={t("question.elapsed")} value={elapsed.median === null ? null : f.duration(elapsed.median)} help={t("question.elapsed_help")} />
    </dl>
  );
}

function Band({ question }: { question: Question }) {
  const [box, width] = useWidth<HTMLDivElement>();
  const score = (value: number | null) => (value === null ? t("app.none") : f.score(value));
  const values = { ...band, first: score(question.facility), last: score(question.final_facility) };
  return (
    <figure class="figure">
      <figcaption><h2>{t("question.band")}</h2></figcaption>
      <div class="plot" ref={box}>{width >= LEAST_WIDTH && <FacilityScale question={question} width={width} />}</div>
      <p class="summary">{question.facility === null ? t("question.no_facility") : t("question.band_summary", values)}</p>
    </figure>
  );
}

function PerLearner({ question }: { question: Question }) {
  const rows = question.attempts_per_learner;
  const once = rows.find((row) => row.attempts === 1)?.learners ?? 0;
  const share = f.percent(question.learners === 0 ? 0 : once / question.learners);
  const most = f.integer(rows.at(-1)?.attempts ?? 0);
  const values = rows.map((row) => ({ label: f.integer(row.attempts), count: row.learners }));
  return (
    <Figure
      title={t("question.per_learner")}
      summary={t("question.per_learner_summary", { share, most })}
      columns={[t("question.attempts"), t("question.learners")]}
      rows={() => rows.map((row) => [f.integer(row.attempts), f.integer(row.learners)])}
      height={COLUMNS_HEIGHT}
    >
      {(width) => <Columns values={values} width={width} />}
    </Figure>
  );
}

function Times({ question: { elapsed } }: { question: Question }) {
  if (elapsed.median === null) return <><h2>{t("question.times")}</h2><p class="hint">{t("question.times_none")}</p></>;
  const parts = intervals(elapsed.histogram, 12);
  const range = (from: number, to: number) => t("question.seconds_range", { from: f.position(from), to: f.position(to) });
  return (
    <Figure
      title={t("question.times")}
      summary={t("question.times_summary", { median: f.duration(elapsed.median) })}
      columns={[t("question.times"), t("question.attempts")]}
      rows={() => parts.map((part) => [range(part.from, part.to), f.integer(part.count)])}
      height={COLUMNS_HEIGHT}
    >
      {(width) => <Columns values={parts.map((part) => ({ label: f.position(part.from), count: part.count }))} width={width} />}
    </Figure>
  );
}
