import { questionName, quizName, videoName } from "../called";
import { BAND } from "../charts/FacilityScale";
import { Spark } from "../charts/Spark";
import { f, t } from "../i18n";
import { isSkip } from "../insight";
import { Glossary } from "../parts/Help";
import { Missing } from "../parts/KeyNumbers";
import { Live } from "../parts/Live";
import { Reading } from "../parts/Reading";
import { Share } from "../parts/Share";
import { SortTable, type Column } from "../parts/SortTable";
import { SmallId } from "../parts/Title";
import { href } from "../route";
import type { CourseViews, Question, Video } from "../types";

export function VideosTable({ views }: { views: CourseViews }) {
  const width = f.integer(views.videos[0]?.bins.width ?? 0);
  return (
    <>
      <SortTable
        name={t("course.videos")}
        columns={videoColumns(views.course.course)}
        rows={views.videos}
        id={(video) => video.video}
        text={(video) => `${videoName(video).title} ${video.video}`}
        find={t("course.videos_find")}
        showAll={(count) => t("course.videos_all", { count })}
      />
      <Glossary
        terms={[
          [t("table.viewers"), t("video.viewers_help")],
          [t("table.completion"), t("video.completed_help_all")],
          [t("table.coverage"), t("video.coverage_help")],
          [t("table.retention"), t("video.retention_help", { width })],
          [t("table.drop"), t("video.drop_help", { width })],
        ]}
      />
    </>
  );
}

export function QuestionsTable({ views }: { views: CourseViews }) {
  const band = { low: f.score(BAND.low), high: f.score(BAND.high) };
  return (
    <>
      <SortTable
        name={t("course.questions")}
        columns={questionColumns(views.course.course)}
        rows={views.questions}
        id={(question) => `${question.quiz}\n${question.question}`}
        text={(question) => `${questionName(question).title} ${quizName(question).title} ${question.question}`}
        find={t("course.questions_find")}
        showAll={(count) => t("course.questions_all", { count })}
      />
      <Glossary
        terms={[
          [t("table.learners"), t("question.learners_help")],
          [t("table.attempts"), t("question.attempts_help")],
          [t("table.facility"), t("question.facility_help")],
          [t("question.final"), t("question.final_help")],
          [t("table.difficulty"), t("table.difficulty_help", band)],
        ]}
      />
    </>
  );
}

function videoColumns(course: string): Column<Video>[] {
  return [
    { key: "video", name: t("table.video"), sort: (video) => videoName(video).title, first: "ascending", cell: (video) => <VideoLink course={course} video={video} /> },
    { key: "viewers", name: t("table.viewers"), sort: (video) => video.viewers, cell: (video) => <Live text={f.integer(video.viewers)} />, className: "number" },
    { key: "completion", name: t("table.completion"), sort: (video) => video.completion_rate, cell: (video) => <Share value={video.completion_rate} /> },
    { key: "coverage", name: t("table.coverage"), sort: (video) => video.average_coverage, cell: (video) => <Share value={video.average_coverage} /> },
    { key: "retention", name: t("table.retention"), cell: (video) => <Spark video={video} />, className: "picture" },
    { key: "drop", name: t("table.drop"), sort: (video) => video.drop_off && video.drop_off.lost, cell: (video) => <Drop video={video} /> },
  ];
}

function questionColumns(course: string): Column<Question>[] {
  return [
    { key: "question", name: t("table.question"), sort: questionOrder, first: "ascending", cell: (question) => <QuestionLink course={course} question={question} /> },
    { key: "learners", name: t("table.learners"), sort: (question) => question.learners, cell: (question) => <Live text={f.integer(question.learners)} />, className: "number" },
    { key: "attempts", name: t("table.attempts"), sort: (question) => question.attempts, cell: (question) => <Live text={f.integer(question.attempts)} />, className: "number" },
    { key: "facility", name: t("table.facility"), sort: (question) => question.facility, first: "ascending", cell: (question) => <Score value={question.facility} />, className: "number" },
    { key: "final", name: t("question.final"), sort: (question) => question.final_facility, first: "ascending", cell: (question) => <Score value={question.final_facility} />, className: "number" },
    { key: "difficulty", name: t("table.difficulty"), cell: (question) => <Reading question={question} />, className: "reading" },
  ];
}

function VideoLink({ course, video }: { course: string; video: Video }) {
  const name = videoName(video);
  return (
    <>
      <a href={href({ page: "video", course, video: video.video })}>{name.title}</a>
      <SmallId id={name.id} />
      {video.length !== null && <small class="muted">{f.position(video.length)}</small>}
    </>
  );
}

function QuestionLink({ course, question }: { course: string; question: Question }) {
  const name = questionName(question);
  return (
    <>
      <a href={href({ page: "question", course, quiz: question.quiz, question: question.question })}>{name.title}</a>
      <SmallId id={name.id} />
      <small class="muted">{quizName(question).title}</small>
    </>
  );
}

function questionOrder(question: Question): string {
  return `${quizName(question).title} ${questionName(question).title}`;
}

function Drop({ video }: { video: Video }) {
  if (video.drop_off === null) return <Missing />;
  const { lost, second } = video.drop_off;
  return (
    <>
      <Live text={t("table.drop_at", { lost: f.integer(lost), time: f.position(second) })} />
      {isSkip(video) && <small class="muted">{t("table.drop_skipped")}</small>}
    </>
  );
}

function Score({ value }: { value: number | null }) {
  return value === null ? <Missing /> : <Live text={f.score(value)} />;
}
