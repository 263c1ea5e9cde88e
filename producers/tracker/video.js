// A media element as events: watched segments as heartbeats, and played, paused, seeked, completed.

/** A playing video is heard of this often. */
export const HEARTBEAT_MILLIS = 15_000;
/** Shorter pieces are not worth an event; the collector's metrics need a quarter of a second. */
const LEAST_SECONDS = 0.1;
/** A position further off than this from where playing would have led is a jump, though no seek was told. */
const JUMP_SECONDS = 2;

/** Follows `element` and tells `send(type, fields)`; answers with `cut` (tell what was watched now) and `stop`. */
export function followVideo(element, send, world) {
  const follower = new Follower(element, send, world);
  const kinds = ["play", "playing", "pause", "seeking", "seeked", "ratechange", "waiting", "ended", "timeupdate", "emptied"];
  const listener = (event) => follower[event.type]();
  for (const kind of kinds) element.addEventListener(kind, listener);
  return {
    cut: () => follower.cutHere(),
    stop() {
      follower.cutHere();
      for (const kind of kinds) element.removeEventListener(kind, listener);
    },
  };
}

class Follower {
  /** The running segment; null while nothing is being watched. */
  segment = null;
  /** Where a seek under way began; null without one. */
  seekFrom = null;
  /** The last position that playing or a finished seek led to: during `seeking` the element tells the target. */
  position = 0;
  /** Playback has run out of data. */
  starved = false;

  constructor(element, send, world) {
    this.element = element;
    this.send = send;
    this.world = world;
    this.position = element.currentTime;
    this.rate = element.playbackRate;
  }

  play() {
    this.send("video.played", { position: millis(this.element.currentTime), rate: this.element.playbackRate, ...this.length() });
  }

  playing() {
    this.starved = false;
    this.open();
  }

  pause() {
    this.advance();
    this.cut();
    if (!this.element.ended) this.send("video.paused", { position: millis(this.position), ...this.length() });
  }

  waiting() {
    this.cut();
    this.starved = true;
  }

  /** Scrubbing tells `seeking` many times; the seek goes from where it began. */
  seeking() {
    this.seekFrom ??= this.position;
    this.cut();
  }

  seeked() {
    const from = this.seekFrom ?? this.position;
    this.seekFrom = null;
    this.position = this.element.currentTime;
    this.send("video.seeked", { from: millis(from), to: millis(this.position), ...this.length() });
    this.open();
  }

  ratechange() {
    this.advance();
    this.cut();
    this.rate = this.element.playbackRate;
    this.open();
  }

  ended() {
    this.advance();
    this.cut();
    this.send("video.completed", { position: millis(this.position), ...this.length() });
  }

  timeupdate() {
    this.advance();
    if (this.segment === null) return this.open();
    if (this.world.now() - this.segment.openedAt < HEARTBEAT_MILLIS) return;
    this.cut();
    this.open();
  }

  /** The element is given another source: what was watched belongs to the old one. */
  emptied() {
    this.cut();
    this.seekFrom = null;
    this.position = 0;
  }

  /** Opens a segment where the element is, if it plays. */
  open() {
    const { element } = this;
    const plays = !element.paused && !element.ended && !element.seeking && !this.starved;
    if (this.segment !== null || this.seekFrom !== null || !plays) return;
    this.position = element.currentTime;
    this.segment = { from: this.position, openedAt: this.world.now(), movedAt: this.world.now() };
  }

  /** Follows the element's position, unless a seek has moved it. */
  advance() {
    const { element, segment } = this;
    if (element.seeking || this.seekFrom !== null) return;
    if (segment === null) {
      this.position = element.currentTime;
      return;
    }
    const moved = element.currentTime - this.position;
    const played = ((this.world.now() - segment.movedAt) / 1000) * this.rate;
    if (moved < 0 || moved > played + JUMP_SECONDS) return this.jumped();
    this.position = element.currentTime;
    segment.movedAt = this.world.now();
  }

  /** Some players set the position without a word. */
  jumped() {
    this.cut();
    this.position = this.element.currentTime;
  }

  /** Tells the segment up to where the element is. */
  cutHere() {
    this.advance();
    this.cut();
  }

  /** Tells the segment up to the last position. A video that goes on playing opens a new one with its next movement. */
  cut() {
    const { segment, position } = this;
    this.segment = null;
    if (segment === null || position - segment.from < LEAST_SECONDS) return;
    this.send("video.watched", { from: millis(segment.from), to: millis(position), rate: this.rate, ...this.length() });
  }

  /** The element's length, once it is known. A live stream has none. */
  length() {
    const { duration } = this.element;
    return Number.isFinite(duration) && duration > 0 ? { length: millis(duration) } : {};
  }
}

function millis(seconds) {
  return Math.round(seconds * 1000) / 1000;
}
