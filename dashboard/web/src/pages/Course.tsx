import { useId, useState } from "preact/hooks";
import { courseName } from "../called";
import { MinuteBars } from "../charts/MinuteBars";
import { count, f, t } from "../i18n";
import { Announce } from "../parts/Announce";
import { HelpButton } from "../parts/Help";
import { KeyNumbers } from "../parts/KeyNumbers";
import { Live } from "../parts/Live";
import { Title } from "../parts/Title";
import type { Course, CourseViews } from "../types";
import { Attention } from "./Attention";
import { QuestionsTable, VideosTable } from "./CourseTables";

/** One course: who is active, what deserves a look, its videos and its questions. */
export function CoursePage({ views }: { views: CourseViews }) {
  const { course, videos, questions } = views;
  return (
    <>
      <Title name={courseName(course)} crumbs={[{ name: t("app.courses"), href: "/" }]} page={`course ${course.course}`} />
      <Announce text={count("fresh.announce", course.active_5m, { today: f.integer(course.active_today) })} />
      <div class="overview">
        <Activity course={course} />
        <section class="card"><MinuteBars minutes={course.minutes} /></section>
      </div>
      <Attention views={views} />
      <section class="card">
        <h2>{t("course.videos")}</h2>
        {videos.length === 0 ? <p class="hint">{t("course.videos_empty")}</p> : <VideosTable views={views} />}
      </section>
      <section class="card">
        <h2>{t("course.questions")}</h2>
        {questions.length === 0 ? <p class="hint">{t("course.questions_empty")}</p> : <QuestionsTable views={views} />}
      </section>
    </>
  );
}

function Activity({ course }: { course: Course }) {
  const [open, setOpen] = useState(false);
  const id = useId();
  const zone = { zone: f.zone(course.zone) };
  const numbers = [
    { name: t("course.today"), value: f.integer(course.active_today), help: t("course.today_help", zone) },
    { name: t("course.week"), value: f.integer(course.active_7d), help: t("course.week_help", zone) },
    { name: t("course.learners"), value: f.integer(course.learners), help: t("course.learners_help") },
  ];
  return (
    <section class="card activity">
      <div class="named">
        <h2>{t("course.now")}</h2>
        <HelpButton name={t("course.now")} open={open} controls={id} onToggle={() => setOpen(!open)} />
      </div>
      <p class="hero" data-part="active-now"><Live text={f.integer(course.active_5m)} /></p>
      <p class="hint">{t("course.now_hint")}</p>
      <p class="definition" id={id} hidden={!open}>{t("course.now_help")}</p>
      <KeyNumbers numbers={numbers} rows />
    </section>
  );
}
