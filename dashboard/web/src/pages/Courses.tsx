import { courseName } from "../called";
import { collator, count, f, t } from "../i18n";
import { Live } from "../parts/Live";
import { ProblemPage } from "../parts/Problem";
import { SmallId, Title } from "../parts/Title";
import { href } from "../route";
import type { CourseList, CourseSummary } from "../types";

/** All courses of an instructor, by name: an order that holds while their numbers change. */
export function CoursesPage({ list }: { list: CourseList }) {
  if (list.courses.length === 0) return <ProblemPage title={t("courses.empty")} text={t("courses.empty_text")} />;
  const title = (course: CourseSummary) => courseName(course).title;
  const courses = [...list.courses].sort((a, b) => collator.compare(title(a), title(b)));
  return (
    <>
      <Title name={{ title: t("courses.title"), id: null }} crumbs={[]} page="courses" />
      <ul class="courses">{courses.map((course) => <CourseCard key={course.course} course={course} />)}</ul>
    </>
  );
}

function CourseCard({ course }: { course: CourseSummary }) {
  const name = courseName(course);
  return (
    <li class="card">
      <h2><a class="cover" href={href({ page: "course", course: course.course })}>{name.title}</a></h2>
      <SmallId id={name.id} />
      <p class="active"><Live text={f.integer(course.active_5m)} /> {count("courses.active", course.active_5m)}</p>
      <p class="hint">{t("courses.today", { count: f.integer(course.active_today) })} · {count("courses.learners", course.learners)}</p>
    </li>
  );
}
