import { courseName, videoName } from "../called";
import { RetentionCurve } from "../charts/RetentionCurve";
import { ViewsCurve } from "../charts/ViewsCurve";
import { f, t } from "../i18n";
import { KeyNumbers } from "../parts/KeyNumbers";
import { ProblemPage } from "../parts/Problem";
import { Title, type Crumb } from "../parts/Title";
import { href } from "../route";
import type { CourseViews, Video } from "../types";

/** One video: who is still watching where, and what is watched again. */
export function VideoPage({ views, id }: { views: CourseViews; id: string }) {
  const crumbs = courseCrumbs(views);
  const video = views.videos.find((one) => one.video === id);
  if (!video) return <ProblemPage title={t("problem.no_video")} back={{ name: t("problem.back"), href: crumbs[1].href }} />;
  return (
    <>
      <Title name={videoName(video)} crumbs={crumbs} page={`video ${id}`} />
      <section class="card"><VideoKeys video={video} /></section>
      <section class="card"><RetentionCurve video={video} /></section>
      <section class="card"><ViewsCurve video={video} /></section>
    </>
  );
}

/** The way to a page below a course. */
export function courseCrumbs(views: CourseViews): [Crumb, Crumb] {
  const course = views.course.course;
  return [
    { name: t("app.courses"), href: "/" },
    { name: courseName(views.course).title, href: href({ page: "course", course }) },
  ];
}

function VideoKeys({ video }: { video: Video }) {
  const share = (value: number | null) => (value === null ? null : f.percent(value));
  const completed = video.completion_rate === null || video.completed === null ? undefined : t("video.completed_of", { completed: f.integer(video.completed), viewers: f.integer(video.viewers) });
  const numbers = [
    { name: t("video.viewers"), value: f.integer(video.viewers), help: t("video.viewers_help") },
    { name: t("video.plays"), value: f.integer(video.plays), help: t("video.plays_help") },
    { name: t("video.completed"), value: share(video.completion_rate), detail: completed, help: t("video.completed_help", { threshold: f.percent(video.threshold) }) },
    { name: t("video.coverage"), value: share(video.average_coverage), help: t("video.coverage_help") },
    { name: t("video.content_time"), value: f.compactDuration(video.content_time), help: t("video.content_time_help") },
    { name: t("video.watch_time"), value: f.compactDuration(video.watch_time), help: t("video.watch_time_help") },
    { name: t("video.length"), value: video.length === null ? null : f.position(video.length), help: t("video.length_help") },
  ];
  return <KeyNumbers numbers={numbers} />;
}
