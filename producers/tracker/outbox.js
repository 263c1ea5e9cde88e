// Unsent events: kept until the collector has them, sent in batches, bounded.
//
// Sending twice is harmless, since an event keeps its id, so whenever it is unclear whether the collector has a batch
// it is sent again. Each page keeps its events under a key of its own; a page takes over what pages that are gone have left,
// when it starts and now and again.

const PREFIX = "trilha:outbox:";
/** Events are gathered this long, or until a batch is full. */
export const GATHER_MILLIS = 5_000;
export const BATCH_EVENTS = 100;
/** The oldest events make room beyond this. */
export const MOST_EVENTS = 1_000;
export const MOST_CHARACTERS = 500_000;
/** Browsers let a page that is being left send 64 KiB in all. */
const LEAVE_BYTES = 60_000;
const FIRST_RETRY_MILLIS = 1_000;
const LAST_RETRY_MILLIS = 60_000;
/** What the collector calls an event that the stream had no room for. */
const TRY_AGAIN = "try_again";
/** A page that has not touched its events for so long is gone. */
export const ABANDONED_MILLIS = 120_000;
const TOUCH_MILLIS = 30_000;

export class Outbox {
  constructor({ url, token, learner, course, onRejected = () => {}, onDropped = () => {}, world }) {
    Object.assign(this, { url, token, learner, course, onRejected, onDropped, world });
    this.lastToken = typeof token === "function" ? null : token;
    /** The first token, asked for ahead of its request. */
    this.asking = null;
    this.key = PREFIX + world.newId();
    /** Events as JSON text, oldest first. */
    this.events = [];
    this.characters = 0;
    this.failures = 0;
    this.sending = false;
    this.stopped = false;
    this.batchEvents = BATCH_EVENTS;
    /** Events in a request that may outlive the page. */
    this.leaving = new Set();
    this.cancelSend = null;
    this.cancelTouch = null;
    this.cancelTakeOver = null;
    this.takeOver();
  }

  add(event) {
    this.push(JSON.stringify(event, wellFormed));
    this.persist();
    this.askAhead();
    if (this.failures === 0) this.plan(this.events.length >= this.batchEvents ? 0 : GATHER_MILLIS);
  }

  /** Sends all there is now. Resolves when the collector has it or a try has failed. */
  async flush() {
    if (this.sending) return;
    this.forget("cancelSend");
    this.sending = true;
    let more = this.events.length > 0;
    while (more) more = (await this.sendBatch()) && this.events.length > 0;
    this.sending = false;
  }

  /** Asks for the first token once there is something to send: a page that is left cannot wait for it. */
  askAhead() {
    if (this.lastToken !== null || this.asking !== null || this.failures > 0) return;
    this.asking = this.ask();
    // The request that needs it says what happens when there is none.
    this.asking.catch(() => {});
  }

  async ask() {
    this.lastToken = await this.token();
    return this.lastToken;
  }

  /** The token that a request needs: the one asked for ahead, else a new one. */
  nextToken() {
    if (typeof this.token !== "function") return this.token;
    const asking = this.asking ?? this.ask();
    this.asking = null;
    return asking;
  }

  /**
   * The page may be gone any moment: sends what fits into a request that outlives it, before anything is waited for, with
   * the last token. Events stay until confirmed. Browsers tell that a page is left twice.
   */
  async leave() {
    const batch = fitting(this.events.filter((text) => !this.leaving.has(text)), LEAVE_BYTES);
    if (batch.length === 0) return;
    batch.forEach((text) => this.leaving.add(text));
    try {
      const response = await this.post(batch, this.lastToken ?? (await this.nextToken()), true);
      if (response.status === 202) await this.accepted(batch, response);
    } catch {
      // The page was gone, or the network was: the next page sends them.
    }
    batch.forEach((text) => this.leaving.delete(text));
  }

  stop() {
    this.stopped = true;
    this.forget("cancelSend");
    this.forget("cancelTouch");
    this.forget("cancelTakeOver");
  }

  /** Runs `flush` in `millis`; an earlier plan stands, a later one is brought forward. */
  plan(millis) {
    const at = this.world.now() + millis;
    if (this.stopped || (this.cancelSend !== null && this.plannedAt <= at)) return;
    this.forget("cancelSend");
    this.plannedAt = at;
    this.cancelSend = this.world.later(() => {
      this.cancelSend = null;
      void this.flush();
    }, millis);
  }

  forget(timer) {
    this[timer]?.();
    this[timer] = null;
  }

  /** Answers whether to go on with the next batch at once. */
  async sendBatch() {
    const batch = this.events.slice(0, this.batchEvents);
    let response;
    try {
      response = await this.post(batch, await this.nextToken(), false);
    } catch {
      return this.retry(null);
    }
    if (response.status === 202) return this.accepted(batch, response);
    if (response.status === 413) return this.tooLarge(batch);
    if (isFinal(response.status)) return this.refused(batch, response.status);
    return this.retry(response.headers.get("Retry-After"));
  }

  post(batch, token, keepalive) {
    const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
    const request = { method: "POST", headers, body: `[${batch.join(",")}]`, keepalive, credentials: "omit" };
    return this.world.fetch(this.url, request);
  }

  async accepted(batch, response) {
    const { rejected = [] } = await response.json().catch(() => ({}));
    const again = new Set(rejected.filter(({ code }) => code === TRY_AGAIN).map(({ index }) => batch[index]));
    // Of two requests with the same events, the first one's answer is told.
    const held = new Set(this.events);
    const news = rejected.filter(({ code, index }) => code !== TRY_AGAIN && held.has(batch[index]));
    this.remove(batch.filter((text) => !again.has(text)));
    if (news.length > 0) tell(this.onRejected, news);
    if (again.size > 0) return this.retry(null);
    this.failures = 0;
    this.batchEvents = BATCH_EVENTS;
    return true;
  }

  tooLarge(batch) {
    if (batch.length === 1) return this.refused(batch, 413);
    this.batchEvents = Math.ceil(batch.length / 2);
    return true;
  }

  /** No later try can succeed: the events are given up, and the page is told. */
  refused(batch, status) {
    this.remove(batch);
    tell(this.onRejected, batch.map((text) => ({ id: JSON.parse(text).id, code: `http_${status}` })));
    return true;
  }

  /** Waits as long as the collector asks, else longer each time; a random part keeps a class from coming back at once. */
  retry(retryAfter) {
    const backoff = Math.min(FIRST_RETRY_MILLIS * 2 ** this.failures, LAST_RETRY_MILLIS);
    this.failures += 1;
    const asked = retryAfterMillis(retryAfter, this.world.now());
    // What came meanwhile has planned to be sent earlier.
    this.forget("cancelSend");
    this.plan(Math.max(asked, backoff) * (1 + this.world.random() / 2));
    return false;
  }

  push(text) {
    this.events.push(text);
    this.characters += text.length;
    let dropped = 0;
    while (this.events.length > MOST_EVENTS || (this.characters > MOST_CHARACTERS && this.events.length > 1)) {
      this.characters -= this.events.shift().length;
      dropped += 1;
    }
    if (dropped > 0) tell(this.onDropped, dropped);
  }

  remove(batch) {
    const gone = new Set(batch);
    this.events = this.events.filter((text) => !gone.has(text));
    this.characters = this.events.reduce((sum, text) => sum + text.length, 0);
    this.persist();
  }

  /** Writes the events where they outlive the page, and again now and then, to show that the page is still there. */
  persist() {
    this.forget("cancelTouch");
    try {
      if (this.events.length === 0) return this.world.storage?.removeItem(this.key);
      const { learner, course, url, events } = this;
      const kept = { touched: this.world.now(), learner, course, url, events };
      this.world.storage?.setItem(this.key, JSON.stringify(kept));
    } catch {
      // Storage is full or forbidden: the events live as long as the page.
    }
    if (!this.stopped) this.cancelTouch = this.world.later(() => this.persist(), TOUCH_MILLIS);
  }

  /** Takes over what pages that are gone have left, now and for as long as this one is there. */
  takeOver() {
    const { storage } = this.world;
    if (storage === null) return;
    const keys = Array.from({ length: storage.length }, (_, index) => storage.key(index));
    keys.filter((key) => key?.startsWith(PREFIX) && key !== this.key).forEach((key) => this.takeOverFrom(key));
    this.cancelTakeOver = this.world.later(() => this.takeOver(), ABANDONED_MILLIS);
  }

  /** Another course's events stay for a page of that course: this one's token may not write them. */
  takeOverFrom(key) {
    const kept = parse(this.world.storage.getItem(key));
    if (kept === null || this.world.now() - kept.touched < ABANDONED_MILLIS) return;
    const { learner, course = this.course, url, events } = kept;
    if (learner !== this.learner || course !== this.course || url !== this.url) return;
    events.forEach((text) => this.push(text));
    this.persist();
    this.world.storage.removeItem(key);
    this.askAhead();
    if (this.failures === 0) this.plan(0);
  }
}

/** Tells the page. What goes wrong there must not stop the sending. */
function tell(callback, news) {
  try {
    callback(news);
  } catch (error) {
    console.error(error);
  }
}

/** Half of a pair, as a text has it that was cut in an emoji, is in no UTF-8: the collector would refuse the event. */
function wellFormed(_, value) {
  return typeof value === "string" ? value.replace(/\p{Surrogate}/gu, "\ufffd") : value;
}

/** The first of `events` that together, as a JSON array, stay within `most` bytes. */
function fitting(events, most) {
  let bytes = 2;
  const end = events.findIndex((text) => (bytes += new TextEncoder().encode(text).length + 1) > most);
  return end < 0 ? events.slice() : events.slice(0, end);
}

/** Signing in again or waiting may cure 401, 403, 408 and 429; no other refusal of the request itself. */
function isFinal(status) {
  return status >= 400 && status < 500 && ![401, 403, 408, 429].includes(status);
}

/** `Retry-After` is a number of seconds or an HTTP date. */
function retryAfterMillis(text, now) {
  if (text === null || text.trim() === "") return 0;
  const seconds = Number(text);
  const millis = Number.isNaN(seconds) ? Date.parse(text) - now : seconds * 1000;
  return Number.isFinite(millis) ? Math.max(0, millis) : 0;
}

function parse(text) {
  try {
    const kept = JSON.parse(text);
    return Array.isArray(kept.events) && kept.events.every(isEvent) ? kept : null;
  } catch {
    return null;
  }
}

function isEvent(text) {
  return typeof JSON.parse(text).id === "string";
}
