import { questionName, quizName, videoName } from "../called";
import { Spark } from "../charts/Spark";
import { f, t } from "../i18n";
import { Missing } from "../parts/KeyNumber";
import { Live } from "../parts/Live";
import { Reading } from "../parts/Reading";
import { Share } from "../parts/Share";
import { SortTable, type Column } from "../parts/SortTable";
import { SmallId } from "../parts/Title";
import { href } from "../route";
import type { CourseViews, Question, Video } from "../types";

export function VideosTable({ views }: { views: CourseViews }) {
  const columns = videoColumns(views.course.course);
  return <SortTable name={t("course.videos")} columns={columns} rows={views.videos} id={(video) => video.video} />;
}

export function QuestionsTable({ views }: { views: CourseViews }) {
  const columns = questionColumns(views.course.course);
  const id = (question: Question) => `${question.quiz}\n${question.question}`;
  return <SortTable name={t("course.questions")} columns={columns} rows={views.questions} id={id} />;
}

function videoColumns(course: string): Column<Video>[] {
  return [
    { key: "video", name: t("table.video"), sort: (video) => videoName(video).title, cell: (video) => <VideoLink course={course} video={video} /> },
    { key: "viewers", name: t("table.viewers"), sort: (video) => video.viewers, cell: (video) => <Live text={f.integer(video.viewers)} />, className: "number" },
    { key: "completion", name: t("table.completion"), sort: (video) => video.completion_rate, cell: (video) => <Share value={video.completion_rate} />, className: "number" },
    { key: "coverage", name: t("table.coverage"), sort: (video) => video.average_coverage, cell: (video) => <Share value={video.average_coverage} />, className: "number" },
    { key: "retention", name: t("table.retention"), cell: (video) => <Spark video={video} />, className: "picture" },
    { key: "drop", name: t("table.drop"), sort: (video) => video.drop_off && video.drop_off.lost, cell: (video) => <Drop video={video} />, className: "number" },
  ];
}

function questionColumns(course: string): Column<Question>[] {
  return [
    { key: "question", name: t("table.question"), sort: questionOrder, cell: (question) => <QuestionLink course={course} question={question} /> },
    { key: "learners", name: t("table.learners"), sort: (question) => question.learners, cell: (question) => <Live text={f.integer(question.learners)} />, className: "number" },
    { key: "attempts", name: t("table.attempts"), sort: (question) => question.attempts, cell: (question) => <Live text={f.integer(question.attempts)} />, className: "number" },
    { key: "facility", name: t("table.facility"), sort: (question) => question.facility, cell: (question) => <Score value={question.facility} />, className: "number" },
    { key: "final", name: t("table.final"), sort: (question) => question.final_facility, cell: (question) => <Score value={question.final_facility} />, className: "number" },
    { key: "reading", name: t("table.mark"), cell: (question) => <Reading question={question} />, className: "reading" },
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

function Drop({ video: { drop_off: drop } }: { video: Video }) {
  return drop === null ? <Missing /> : <Live text={t("table.drop_at", { lost: f.integer(drop.lost), time: f.position(drop.second) })} />;
}

function Score({ value }: { value: number | null }) {
  return value === null ? <Missing /> : <Live text={f.score(value)} />;
}
