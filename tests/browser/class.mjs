// A small class whose numbers are easy to compute by hand.
export const COURSE = "course-v1:Escola+FIS101+2026";
export const VIDEO = "https://lms.example/videos/newton?v=1&t=2";
export const QUIZ = "prova/1";
export const QUESTION = "q 1+2";
export const UNTITLED = "aula-02_atrito";

let serial = 0;

function event(type, learner, fields) {
  serial += 1;
  return { id: `browser-test-${serial}`, type, time: new Date().toISOString(), learner, course: COURSE, ...fields };
}

export function described() {
  const titles = [[COURSE, "Física 1"], [VIDEO, "As leis de Newton"], [QUIZ, "Prova 1"], [QUESTION, "Qual é a força normal?"]];
  return titles.map(([object, title]) => event("object.described", undefined, { object, title }));
}

/** A learner who watches [from, to) of a video of 60 s in one go. */
export function watched(learner, from, to, video = VIDEO) {
  return event("video.watched", learner, { session: `s-${learner}`, video, from, to, length: 60, rate: 1 });
}

export function answered(learner, attempt, response, correct) {
  const fields = { quiz: QUIZ, question: QUESTION, attempt, response, correct, score: correct ? 1 : 0, max_score: 1, elapsed: 12 };
  return event("quiz.answered", learner, fields);
}

/**
 * Eight learners. All watch the first 30 s, three of them all 60 s, one watches 0 to 10 again. All answer "b", which is
 * wrong; two answer "c" next, which is right.
 */
export function firstClass() {
  const learners = Array.from({ length: 8 }, (_, index) => `aluna-${index}`);
  const views = learners.map((learner, index) => watched(learner, 0, index < 3 ? 60 : 30));
  const again = [{ ...watched(learners[7], 0, 10), session: "again" }];
  const firsts = learners.map((learner) => answered(learner, 1, "b", false));
  const seconds = learners.slice(0, 2).map((learner) => answered(learner, 2, "c", true));
  return [...described(), ...views, ...again, watched(learners[0], 0, 20, UNTITLED), ...firsts, ...seconds];
}
