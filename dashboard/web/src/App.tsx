import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { usePolled } from "./hooks";
import { t } from "./i18n";
import { CoursePage } from "./pages/Course";
import { CoursesPage } from "./pages/Courses";
import { QuestionPage } from "./pages/Question";
import { SignInPage } from "./pages/SignIn";
import { VideoPage } from "./pages/Video";
import { Banner, Freshness, type Aged } from "./parts/Freshness";
import { Header } from "./parts/Header";
import { Loading, ProblemPage } from "./parts/Problem";
import type { Polled } from "./poll";
import { dataUrl, href, type Route } from "./route";
import { useRoute } from "./navigation";
import { useAccess } from "./sign-in/access";
import type { CourseList, CourseViews, Session } from "./types";

type Answer = CourseList | CourseViews;

/** The page of the current address, with fresh numbers. */
export function App() {
  const { route, replace } = useRoute();
  const polled = usePolled<Answer>(dataUrl(route));
  const signedOut = polled.problem === "signed_out";
  const session = useSession(signedOut);
  useOnlyCourse(route, polled.data, replace);
  return (
    <>
      <a class="skip" href="#main">{t("app.skip")}</a>
      <Header session={signedOut ? null : session}>{!signedOut && <Freshness polled={polled} />}</Header>
      <main id="main" tabIndex={-1}>
        {!signedOut && <Banner polled={polled} />}
        <Content route={route} polled={polled} />
      </main>
    </>
  );
}

function Content({ route, polled }: { route: Route; polled: Polled<Aged> }): ComponentChildren {
  const toCourses = { name: t("problem.to_courses"), href: href({ page: "courses" }) };
  if (polled.problem === "signed_out") return <SignInPage />;
  if (polled.problem === "forbidden") return <ProblemPage title={t("problem.forbidden")} text={t("problem.forbidden_text")} back={toCourses} />;
  if (polled.problem === "unknown") return <ProblemPage title={t("problem.unknown")} text={t("problem.unknown_text")} back={toCourses} />;
  if (polled.data === null) return polled.problem === null ? <Loading /> : null;
  if (route.page === "courses") return <CoursesPage list={polled.data as CourseList} />;
  const views = polled.data as CourseViews;
  if (route.page === "course") return <CoursePage views={views} />;
  if (route.page === "video") return <VideoPage views={views} id={route.video} />;
  return <QuestionPage views={views} quiz={route.quiz} id={route.question} />;
}

/** Who is signed in; asked again after signing in anew. */
function useSession(signedOut: boolean): Session | null {
  const [session, setSession] = useState<Session | null>(null);
  const access = useAccess();
  useEffect(() => {
    if (signedOut) return;
    const ask = async () => {
      const response = await access.fetch("/api/v1/session");
      if (response.ok) setSession((await response.json()) as Session);
    };
    ask().catch(() => setSession(null));
  }, [signedOut, access]);
  return session;
}

/** Whoever opens the page with a single course wants that course. Asked once, so that the way back to the list stays. */
function useOnlyCourse(route: Route, data: Answer | null, replace: (route: Route) => void): void {
  const [open, setOpen] = useState(route.page === "courses");
  useEffect(() => {
    if (!open || data === null) return;
    setOpen(false);
    const only = "courses" in data && data.courses.length === 1 ? data.courses[0] : undefined;
    if (route.page === "courses" && only) replace({ page: "course", course: only.course });
  }, [open, data]);
}
