// Pages and their addresses. Ids hold slashes and plus signs, so they are query parameters.

export type Route =
  | { page: "courses" }
  | { page: "course"; course: string }
  | { page: "video"; course: string; video: string }
  | { page: "question"; course: string; quiz: string; question: string };

export function parseRoute(search: string): Route {
  const query = new URLSearchParams(search);
  const [course, video, quiz, question] = ["course", "video", "quiz", "question"].map((name) => query.get(name));
  if (!course) return { page: "courses" };
  if (video) return { page: "video", course, video };
  if (quiz && question) return { page: "question", course, quiz, question };
  return { page: "course", course };
}

export function href(route: Route): string {
  const { page: _page, ...ids } = route;
  const query = new URLSearchParams(ids).toString();
  return query === "" ? "/" : `/?${query}`;
}

/** Where the numbers of a page come from. */
export function dataUrl(route: Route): string {
  if (route.page === "courses") return "/api/v1/courses";
  const query = new URLSearchParams({ course: route.course });
  if (route.page === "video") query.set("video", route.video);
  if (route.page === "question") query.set("quiz", route.quiz);
  return `/api/v1/views?${query}`;
}
