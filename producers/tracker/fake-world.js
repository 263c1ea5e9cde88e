// A browser for tests: its time passes only when told, its network answers only what a test says.

/** Timers, storage and a collector that answers from `answers`, then with 202. */
export class FakeWorld {
  constructor(storage = new FakeStorage()) {
    this.time = 1_795_435_200_000;
    this.ids = 0;
    this.timers = [];
    this.requests = [];
    this.answers = [];
    this.storage = storage;
    this.page = new EventTarget();
    this.document = Object.assign(new EventTarget(), { visibilityState: "visible" });
    this.now = () => this.time;
    this.random = () => 0;
    this.later = (task, millis) => {
      const timer = { at: this.time + millis, task };
      this.timers.push(timer);
      return () => {
        this.timers = this.timers.filter((other) => other !== timer);
      };
    };
    this.fetch = async (url, request) => {
      this.requests.push({ url, ...request, events: JSON.parse(request.body), at: this.time });
      const answer = this.answers.shift() ?? accept();
      if (answer === "refused") throw new TypeError("refused");
      return answer;
    };
    const world = FakeWorld.worlds++;
    this.newId = () => `id-${world}-${++this.ids}`;
  }

  static worlds = 0;

  /** Passes `millis`, running what falls due, with its promises. */
  async pass(millis) {
    const end = this.time + millis;
    for (;;) {
      const due = this.timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.timers = this.timers.filter((timer) => timer !== due);
      this.time = Math.max(this.time, due.at);
      due.task();
      await settle();
    }
    this.time = end;
    await settle();
  }

  /** The events of all requests, in order. */
  get sent() {
    return this.requests.flatMap((request) => request.events);
  }
}

export const settle = () => new Promise((resolve) => setImmediate(resolve));

export function accept(rejected = []) {
  return new Response(JSON.stringify({ accepted: 1, rejected }), { status: 202 });
}

export function answer(status, headers = {}) {
  return new Response("{}", { status, headers });
}

/** As much of `Storage` as is used. */
export class FakeStorage {
  items = new Map();
  full = false;

  get length() {
    return this.items.size;
  }

  key(index) {
    return [...this.items.keys()][index] ?? null;
  }

  getItem(key) {
    return this.items.get(key) ?? null;
  }

  setItem(key, value) {
    if (this.full) throw new Error("QuotaExceededError");
    this.items.set(key, value);
  }

  removeItem(key) {
    this.items.delete(key);
  }
}

/** A media element that a test plays by hand. */
export class FakeVideo extends EventTarget {
  currentTime = 0;
  duration = 600;
  playbackRate = 1;
  paused = true;
  ended = false;
  seeking = false;

  constructor(world) {
    super();
    this.world = world;
  }

  tell(type) {
    this.dispatchEvent(new Event(type));
  }

  play() {
    this.paused = false;
    this.ended = false;
    this.tell("play");
    this.tell("playing");
  }

  /** Plays on for so many seconds of wall time, telling the position four times a second. */
  async watch(seconds) {
    for (let quarter = 0; quarter < seconds * 4; quarter += 1) {
      await this.world.pass(250);
      this.currentTime += 0.25 * this.playbackRate;
      this.tell("timeupdate");
    }
  }

  pause() {
    this.paused = true;
    this.tell("timeupdate");
    this.tell("pause");
  }

  seek(to) {
    this.startSeek(to);
    this.endSeek();
  }

  startSeek(to) {
    this.seeking = true;
    this.currentTime = to;
    this.tell("seeking");
    this.tell("timeupdate");
  }

  endSeek() {
    this.seeking = false;
    this.tell("timeupdate");
    this.tell("seeked");
  }

  setRate(rate) {
    this.playbackRate = rate;
    this.tell("ratechange");
  }

  end() {
    this.currentTime = this.duration;
    this.ended = true;
    this.paused = true;
    this.tell("timeupdate");
    this.tell("pause");
    this.tell("ended");
  }
}
