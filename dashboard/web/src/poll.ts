// Asks one address again and again, and keeps the last good answer.

/** Why there is no new answer. */
export type Problem = "gone" | "server" | "signed_out" | "forbidden" | "unknown";

export interface Polled<T> {
  /** The last good answer. */
  data: T | null;
  /** When the server last confirmed it, in milliseconds; null before the first time. */
  confirmedAt: number | null;
  /** How far the server's clock is ahead of the browser's, in milliseconds, to a second or two. */
  ahead: number;
  problem: Problem | null;
}

/** What a poller needs from the browser; tests bring their own. */
export interface World {
  fetch(url: string, init: { headers: Record<string, string>; signal: AbortSignal }): Promise<Response>;
  now(): number;
  /** Runs `task` after `millis`; the answer cancels it. */
  later(task: () => void, millis: number): () => void;
}

const EVERY_MILLIS = 1_000;
const SLOWEST_MILLIS = 5_000;
const TIMEOUT_MILLIS = 8_000;

export class Poller<T> {
  private state: Polled<T> = { data: null, confirmedAt: null, ahead: 0, problem: null };
  private etag: string | null = null;
  private failures = 0;
  private cancel: () => void = () => {};
  private running = false;
  private asking = false;

  constructor(
    private readonly url: string,
    private readonly world: World,
    private readonly changed: (state: Polled<T>) => void,
  ) {}

  /** Asks now, and from then on by itself until it is paused. */
  async start(): Promise<void> {
    this.running = true;
    this.cancel();
    if (this.asking) return;
    this.asking = true;
    const state = await this.ask();
    this.asking = false;
    if (!this.running) return;
    this.failures = state.problem === null ? 0 : this.failures + 1;
    this.state = state;
    this.changed(state);
    this.cancel = this.world.later(() => void this.start(), this.wait());
  }

  /** Asks no more until it is started again; what it knows it keeps. */
  pause(): void {
    this.running = false;
    this.cancel();
  }

  private wait(): number {
    return Math.min(EVERY_MILLIS * 2 ** Math.max(0, this.failures - 1), SLOWEST_MILLIS);
  }

  private async ask(): Promise<Polled<T>> {
    const abort = new AbortController();
    const cancelTimeout = this.world.later(() => abort.abort(), TIMEOUT_MILLIS);
    const headers: Record<string, string> = this.etag === null ? {} : { "If-None-Match": this.etag };
    try {
      return await this.read(await this.world.fetch(this.url, { headers, signal: abort.signal }));
    } catch {
      return { ...this.state, problem: "gone" };
    } finally {
      cancelTimeout();
    }
  }

  private async read(response: Response): Promise<Polled<T>> {
    const confirmedAt = this.world.now();
    const ahead = clockAhead(response.headers.get("Date"), confirmedAt);
    if (response.status === 304) return { data: this.state.data, confirmedAt, ahead, problem: null };
    if (!response.ok) return { ...this.state, problem: problemOf(response.status) };
    const data = (await response.json()) as T;
    if (this.running) this.etag = response.headers.get("ETag");
    return { data, confirmedAt, ahead, problem: null };
  }
}

/** `Date` has whole seconds, and the way takes its time, so that small differences mean nothing. */
export function clockAhead(date: string | null, now: number): number {
  const ahead = date === null ? 0 : Date.parse(date) - now;
  return Math.abs(ahead) > 2_000 ? ahead : 0;
}

function problemOf(status: number): Problem {
  if (status === 401) return "signed_out";
  if (status === 403) return "forbidden";
  return status === 404 ? "unknown" : "server";
}
