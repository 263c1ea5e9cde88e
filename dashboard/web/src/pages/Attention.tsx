import type { ComponentChildren } from "preact";
import { questionName, videoName } from "../called";
import { Spark } from "../charts/Spark";
import { count, f, t } from "../i18n";
import { ENOUGH_LEARNERS, hardQuestions, leakyVideos, replayedVideos, type Replay } from "../insight";
import { href } from "../route";
import type { CourseViews, Question, Video } from "../types";

/** Where a class stops watching, what it watches again and which questions may be broken, at a glance. */
export function Attention({ views }: { views: CourseViews }) {
  const course = views.course.course;
  const [questions, leaky, replays] = [hardQuestions(views.questions), leakyVideos(views.videos), replayedVideos(views.videos)];
  const nothing = questions.length + leaky.length + replays.length === 0;
  return (
    <section class="attention" aria-labelledby="look" data-part="attention">
      <h2 id="look">{t("course.look")}</h2>
      {nothing && <p class="hint">{t(views.course.learners < ENOUGH_LEARNERS ? "course.look_few" : "course.look_none")}</p>}
      <ul>
        {questions.map((question) => <HardQuestion key={`${question.quiz}\n${question.question}`} course={course} question={question} />)}
        {leaky.map((video) => <LeakyVideo key={video.video} course={course} video={video} />)}
        {replays.map((replay) => <ReplayedVideo key={replay.video.video} course={course} replay={replay} />)}
      </ul>
    </section>
  );
}

interface NoticeProps {
  kind: string;
  title: string;
  to: string;
  picture?: ComponentChildren;
  text: string;
}

function Notice({ kind, title, to, picture, text }: NoticeProps) {
  return (
    <li class="card notice">
      <p class="kind">{kind}</p>
      <h3><a class="cover" href={to}>{title}</a></h3>
      {picture}
      <p class="hint">{text}</p>
    </li>
  );
}

function HardQuestion({ course, question }: { course: string; question: Question }) {
  const { quiz, question: id } = question;
  return (
    <Notice
      kind={t("course.look_question")}
      title={questionName(question).title}
      to={href({ page: "question", course, quiz, question: id })}
      text={count("course.look_question_text", question.learners, { facility: f.score(question.facility ?? 0) })}
    />
  );
}

function LeakyVideo({ course, video }: { course: string; video: Video }) {
  if (video.drop_off === null) return null;
  const { second, lost } = video.drop_off;
  return (
    <Notice
      kind={t("course.look_video", { time: f.position(second) })}
      title={videoName(video).title}
      to={href({ page: "video", course, video: video.video })}
      picture={<Spark video={video} />}
      text={t("course.look_video_text", { lost: f.integer(lost), viewers: f.integer(video.viewers) })}
    />
  );
}

function ReplayedVideo({ course, replay: { video, bin } }: { course: string; replay: Replay }) {
  const values = { times: f.integer(video.rewatches[bin] ?? 0), viewers: f.integer(video.bins.viewers[bin] ?? 0) };
  return (
    <Notice
      kind={t("course.look_replay", { time: f.position(bin * video.bins.width) })}
      title={videoName(video).title}
      to={href({ page: "video", course, video: video.video })}
      text={t("course.look_replay_text", values)}
    />
  );
}
