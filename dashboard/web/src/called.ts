// What the page calls courses, videos, quizzes and questions.
import { t } from "./i18n";
import { nameOf, type Named } from "./names";
import type { Question, Video } from "./types";

export function courseName(course: { course: string; title: string | null }): Named {
  return nameOf(course.title, course.course, (id) => t("name.course", { id }));
}

export function videoName(video: Pick<Video, "video" | "title">): Named {
  return nameOf(video.title, video.video, (id) => t("name.video", { id }));
}

export function questionName(question: Pick<Question, "question" | "title">): Named {
  return nameOf(question.title, question.question, (id) => t("name.question", { id }));
}

export function quizName(question: Pick<Question, "quiz" | "quiz_title">): Named {
  return nameOf(question.quiz_title, question.quiz, (id) => t("name.quiz", { id }));
}
