// Unsent events: kept until the collector has them, sent in batches, bounded.
//
// Sending twice is harmless, since an event keeps its id, so whenever it is unclear whether the collector has a batch
// it is sent again. Each page keeps its events under a key of its own; a page that starts takes over what pages that
// are gone have left.

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
/** A page that has not touched its events for so long is gone. */
export const ABANDONED_MILLIS = 120_000;
const TOUCH_MILLIS = 30_000;

export class Outbox {
  constructor({ url, token, learner, onRejected = () => {}, onDropped = () => {}, world }) {
    Object.assign(this, { url, token, learner, onRejected, onDropped, world });
    this.key = PREFIX + world.newId();
    /** Events as JSON text, oldest first. */
    this.events = [];
    this.characters = 0;
    this.failures = 0;
    this.sending = false;
    this.stopped = false;
    this.batchEvents = BATCH_EVENTS;
    this.cancelSend = null;
    this.cancelTouch = null;
    this.takeOver();
    if (this.events.length > 0) this.plan(0);
  }

  add(event) {
    this.push(JSON.stringify(event));
    this.persist();
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

  /** The page may be gone any moment: sends what fits into a request that outlives it. Events stay until confirmed. */
  async leave() {
    const batch = fitting(this.events, LEAVE_BYTES);
    if (batch.length === 0) return;
    try {
      const response = await this.post(batch, true);
      if (response.status === 202) this.remove(batch);
    } catch {
      // The page was gone, or the network was: the next page sends them.
    }
  }

  stop() {
    this.stopped = true;
    this.forget("cancelSend");
    this.forget("cancelTouch");
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
      response = await this.post(batch, false);
    } catch {
      return this.retry(null);
    }
    if (response.status === 202) return this.accepted(batch, response);
    if (response.status === 413) return this.tooLarge(batch);
    if (isFinal(response.status)) return this.refused(batch, response.status);
    return this.retry(response.headers.get("Retry-After"));
  }

  async post(batch, keepalive) {
    const token = typeof this.token === "function" ? await this.token() : this.token;
    const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
    const request = { method: "POST", headers, body: `[${batch.join(",")}]`, keepalive, credentials: "omit" };
    return this.world.fetch(this.url, request);
  }

  async accepted(batch, response) {
    this.failures = 0;
    this.batchEvents = BATCH_EVENTS;
    this.remove(batch);
    const { rejected = [] } = await response.json().catch(() => ({}));
    if (rejected.length > 0) this.onRejected(rejected);
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
    this.onRejected(batch.map((text) => ({ id: JSON.parse(text).id, code: `http_${status}` })));
    return true;
  }

  /** Waits as long as the collector asks, else longer each time; a random part keeps a class from coming back at once. */
  retry(retryAfter) {
    const backoff = Math.min(FIRST_RETRY_MILLIS * 2 ** this.failures, LAST_RETRY_MILLIS);
    this.failures += 1;
    const asked = retryAfterMillis(retryAfter, this.world.now());
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
    if (dropped > 0) this.onDropped(dropped);
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
      const kept = { touched: this.world.now(), learner: this.learner, url: this.url, events: this.events };
      this.world.storage?.setItem(this.key, JSON.stringify(kept));
    } catch {
      // Storage is full or forbidden: the events live as long as the page.
    }
    if (!this.stopped) this.cancelTouch = this.world.later(() => this.persist(), TOUCH_MILLIS);
  }

  /** Takes over the events that pages of the same learner, now gone, have left. */
  takeOver() {
    const { storage } = this.world;
    if (storage === null) return;
    const keys = Array.from({ length: storage.length }, (_, index) => storage.key(index));
    const left = keys.filter((key) => key?.startsWith(PREFIX)).map((key) => [key, parse(storage.getItem(key))]);
    for (const [key, kept] of left) {
      const mine = kept !== null && kept.learner === this.learner && kept.url === this.url;
      if (!mine || this.world.now() - kept.touched < ABANDONED_MILLIS) continue;
      kept.events.forEach((text) => this.push(text));
      this.persist();
      storage.removeItem(key);
    }
  }
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
    return Array.isArray(kept.events) ? kept : null;
  } catch {
    return null;
  }
}
