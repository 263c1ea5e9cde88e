// The browser SDK of Trilha: HTML5 video and quiz answers, as events of DESIGN.md section 2. No dependencies.
// Start at createTracker; video.js turns a media element into events, outbox.js keeps and sends them.
import { Outbox } from "./outbox.js";
import { followVideo } from "./video.js";

/**
 * What the tracker needs from the browser. Tests bring their own.
 * @typedef {object} World
 * @property {() => number} now Milliseconds since 1970 UTC.
 * @property {() => string} newId A new UUID.
 * @property {() => number} random At least 0, less than 1.
 * @property {typeof fetch} fetch
 * @property {(task: () => void, millis: number) => () => void} later Runs a task once; the answer cancels it.
 * @property {Storage | null} storage Where unsent events outlive the page; null when the browser has none.
 * @property {EventTarget} page Tells `pagehide`.
 * @property {EventTarget & { visibilityState: string }} document Tells `visibilitychange`.
 */

/**
 * @typedef {object} Options
 * @property {string} url The collector's address for events, ending in `/v1/events`.
 * @property {string | (() => string | Promise<string>)} token The learner's token, or what gets a fresh one.
 * @property {string} learner The learner's id, the one that the token is for.
 * @property {string} course The course, one run of it.
 * @property {"learner" | "staff" | "test"} [role] Only learners count; default `learner`.
 * @property {(rejected: object[]) => void} [onRejected] Told of events that the collector refused, with its reasons.
 * @property {(count: number) => void} [onDropped] Told how many of the oldest events had to make room.
 * @property {Partial<World>} [world] For tests.
 */

/** Starts a tracker for one learner in one course. @param {Options} options */
export function createTracker(options) {
  const world = { ...browser(), ...options.world };
  const outbox = new Outbox({ ...options, world });
  const followed = new Set();

  /** Records any event of the design by its type. */
  const track = (type, fields = {}) => {
    const { course, learner, role } = options;
    const event = { id: world.newId(), type, time: new Date(world.now()).toISOString(), learner, course, role, ...fields };
    outbox.add(withoutEmpty(event));
  };

  /** Follows a video element until the answer is called. `video` is the id it is known by. */
  const video = (element, { video: id, title, session = world.newId() }) => {
    const send = (type, fields) => track(type, { video: id, title, session, ...fields });
    const follower = followVideo(element, send, world);
    followed.add(follower);
    return () => {
      follower.stop();
      followed.delete(follower);
    };
  };

  /** Measures the time from now, or from the answer before, to each answer of a question. */
  const question = ({ quiz, question: id, title }) => {
    let shownAt = world.now();
    return {
      /** One attempt, numbered from 1; give `correct`, or `score` with `max_score`, as far as they are known. */
      answered({ attempt, response, correct, score, max_score }) {
        const seconds = Math.round((world.now() - shownAt) / 100) / 10;
        // A clock that was put back meanwhile tells nothing.
        const elapsed = seconds < 0 ? undefined : seconds;
        shownAt = world.now();
        track("quiz.answered", { quiz, question: id, title, attempt, response, correct, score, max_score, elapsed });
      },
    };
  };

  const hide = () => {
    for (const follower of followed) follower.cut();
    void outbox.leave();
  };
  const visibility = () => world.document.visibilityState === "hidden" && hide();
  world.page.addEventListener("pagehide", hide);
  world.document.addEventListener("visibilitychange", visibility);

  /** Ends everything; what is unsent is kept for the next page. */
  const stop = () => {
    for (const follower of followed) follower.stop();
    followed.clear();
    world.page.removeEventListener("pagehide", hide);
    world.document.removeEventListener("visibilitychange", visibility);
    outbox.stop();
  };

  return { track, video, question, flush: () => outbox.flush(), stop };
}

function withoutEmpty(event) {
  return Object.fromEntries(Object.entries(event).filter(([, value]) => value !== undefined && value !== null));
}

/** @returns {World} */
function browser() {
  return {
    now: () => Date.now(),
    newId,
    random: () => Math.random(),
    fetch: (...request) => globalThis.fetch(...request),
    later: (task, millis) => {
      const timer = setTimeout(task, millis);
      return () => clearTimeout(timer);
    },
    storage: localStorageIfAllowed(),
    page: globalThis.window,
    document: globalThis.document,
  };
}

/** A new UUID. Only pages that came over HTTPS, or from this machine, have `crypto.randomUUID`. */
function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** A browser may forbid storage, and then throws on the mere mention of it. */
function localStorageIfAllowed() {
  try {
    return globalThis.localStorage ?? null;
  } catch {
    return null;
  }
}
