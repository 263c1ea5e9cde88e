// A small class whose numbers are easy to compute by hand.
export const COURSE = "course-v1:Escola+FIS101+2026";
export const VIDEO = "https://lms.example/videos/newton?v=1&t=2";
export const QUIZ = "prova/1";
export const QUESTION = "q 1+2";
export const UNTITLED = "aula-02_atrito";
export const LONG = "https://lms.example/cursos/licenciatura-em-ciencias-biologicas-a-distancia-turma-noturna-polo-sao-joao-del-rei";
export const LONG_QUESTION = `questao-sem-titulo-${"x".repeat(120)}`;

let serial = 0;

function event(type, learner, fields, course = COURSE) {
  serial += 1;
  return { id: `browser-test-${serial}`, type, time: new Date().toISOString(), learner, course, ...fields };
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

/** Thirty questions of one learner each, one of them without a title and with a very long id; only number 7 is answered wrong. */
export function longCourse() {
  const title = "Licenciatura em Ciências Biológicas a Distância: Fundamentos de Bioquímica, Biologia Celular e Molecular";
  const described = (object, title) => event("object.described", undefined, { object, title }, LONG);
  const ids = Array.from({ length: 30 }, (_, index) => (index === 0 ? LONG_QUESTION : `q${index}`));
  const answers = ids.map((question, index) => {
    const fields = { quiz: "lista", question, attempt: 1, response: `${index}`.repeat(150), correct: index !== 7, elapsed: 12 };
    return event("quiz.answered", "aluna-0", fields, LONG);
  });
  return [described(LONG, title), ...ids.slice(1).map((id, index) => described(id, `Questão ${index + 1}`)), ...answers];
}
