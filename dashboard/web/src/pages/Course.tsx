import { courseName } from "../called";
import { MinuteBars } from "../charts/MinuteBars";
import { f, t } from "../i18n";
import { Announce } from "../parts/Announce";
import { KeyNumber } from "../parts/KeyNumber";
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
      <Announce text={t("fresh.announce", { active: f.integer(course.active_5m), today: f.integer(course.active_today) })} />
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
  return (
    <section class="card activity">
      <h2>{t("course.now")}</h2>
      <p class="hero" data-part="active-now"><Live text={f.integer(course.active_5m)} /></p>
      <p class="hint">{t("course.now_hint")}</p>
      <dl class="keys small">
        <KeyNumber name={t("course.today")} value={f.integer(course.active_today)} />
        <KeyNumber name={t("course.week")} value={f.integer(course.active_7d)} />
        <KeyNumber name={t("course.learners")} value={f.integer(course.learners)} />
      </dl>
    </section>
  );
}
