import { questionName, videoName } from "../called";
import { Spark } from "../charts/Spark";
import { count, f, t } from "../i18n";
import { ENOUGH_LEARNERS, hardQuestions, leakyVideos } from "../insight";
import { href } from "../route";
import type { CourseViews, Question, Video } from "../types";

/** Where a class stops watching and which questions may be broken, at a glance. */
export function Attention({ views }: { views: CourseViews }) {
  const course = views.course.course;
  const [questions, videos] = [hardQuestions(views.questions), leakyVideos(views.videos)];
  const nothing = questions.length + videos.length === 0;
  return (
    <section class="attention" aria-labelledby="look" data-part="attention">
      <h2 id="look">{t("course.look")}</h2>
      {nothing && <p class="hint">{t(views.course.learners < ENOUGH_LEARNERS ? "course.look_few" : "course.look_none")}</p>}
      <ul>
        {questions.map((question) => <HardQuestion key={question.question} course={course} question={question} />)}
        {videos.map((video) => <LeakyVideo key={video.video} course={course} video={video} />)}
      </ul>
    </section>
  );
}

function HardQuestion({ course, question }: { course: string; question: Question }) {
  const { quiz, question: id } = question;
  const facility = f.percent(question.facility ?? 0);
  return (
    <li class="card notice">
      <p class="kind">{t("course.look_question")}</p>
      <h3><a class="cover" href={href({ page: "question", course, quiz, question: id })}>{questionName(question).title}</a></h3>
      <p class="hint">{t("course.look_question_text", { facility, learners: count("learners", question.learners) })}</p>
    </li>
  );
}

function LeakyVideo({ course, video }: { course: string; video: Video }) {
  const drop = video.drop_off;
  if (drop === null) return null;
  return (
    <li class="card notice">
      <p class="kind">{t("course.look_video", { time: f.position(drop.second) })}</p>
      <h3><a class="cover" href={href({ page: "video", course, video: video.video })}>{videoName(video).title}</a></h3>
      <Spark video={video} />
      <p class="hint">{t("course.look_video_text", { lost: f.integer(drop.lost), viewers: f.integer(video.viewers) })}</p>
    </li>
  );
}
