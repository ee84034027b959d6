import { askSandbox, request, type Answer } from "./api.ts";
import { Backoff } from "./backoff.ts";
import type { Sandbox, SandboxState } from "./protocol.ts";
import { ServerClock } from "./serverclock.ts";

/** What the page can say about the learner's sandbox. */
export type Phase =
  | { readonly name: "asking" | "missing" | "signed-out" | "running" | "stopping" | "left" }
  | { readonly name: "starting"; readonly since: number; readonly error: string }
  | { readonly name: "stopped"; readonly isTimeOver: boolean }
  | { readonly name: "failed"; readonly error: string; readonly hasRun: boolean }
  | { readonly name: "refused"; readonly error: string }
  | { readonly name: "full"; readonly error: string; readonly retryAt: number }
  | { readonly name: "unreachable"; readonly retryAt: number };

type Action = "reset" | "stop" | "extend";
const POLL = 2_000;

/** The learner's sandbox as the page knows it: asked for, watched while it changes, and told to all who listen. */
export class SandboxClient {
  phase: Phase = { name: "asking" };
  code: string | null = null;
  expiresAt: number | null = null;
  canExtend = false;
  isPaused = false;
  savedAt: number | null = null;
  leftOut = 0;
  readonly clock = new ServerClock();
  onRefusal: (error: string) => void = () => undefined;

  private timer = 0;
  private next: (() => Promise<void>) | null = null;
  private asked = 0;
  private ordering = false;
  private readonly backoff = new Backoff(1_000, 30_000);
  private readonly listeners: ((phase: Phase) => void)[] = [];

  constructor(
    private readonly url: string,
    private readonly csrf: string,
  ) {}

  onChange(listener: (phase: Phase) => void): void {
    this.listeners.push(listener);
  }

  /** Ask for a sandbox: the server makes one, finds the learner's, or keeps a place in its queue. */
  ask(): Promise<void> {
    // Who waits sees the place all the while.
    if (this.phase.name === "full") this.become({ ...this.phase, retryAt: Date.now() });
    else if (this.phase.name !== "starting") this.become({ name: "asking" });
    return this.call(this.url, "POST");
  }

  /** Give up the place in the queue. Should the server not hear of it, it forgets the place soon after. */
  leaveQueue(): void {
    this.forgetNext();
    this.become({ name: "left" });
    void request(`${this.url}queue/leave/`, "POST", this.csrf).catch(() => undefined);
  }

  /** Look at the sandbox again, without asking for a new one. An order on its way will say more than a look. */
  async refresh(): Promise<void> {
    if (this.ordering) return;
    await (this.code ? this.call(`${this.url}${this.code}/`, "GET") : this.ask());
  }

  /** Do now what is due later: browsers let the timers of a tab that nobody looks at run late. */
  hurry(): void {
    const { next } = this;
    this.forgetNext();
    void next?.();
  }

  act(action: Action, fields: Record<string, string> = {}): Promise<void> {
    return this.call(`${this.url}${this.code}/${action}/`, "POST", new URLSearchParams(fields));
  }

  /** A socket was refused because the session is over. */
  signedOut(): void {
    this.become({ name: "signed-out" });
  }

  /** Take over what an event said; an answer still on its way may be older, and does not count. */
  hear(sandbox: Sandbox): void {
    if (!this.ordering) this.asked += 1;
    // An event may have waited in a page that slept, so it does not set the clock.
    this.accept(sandbox);
  }

  private accept(sandbox: Sandbox): void {
    this.expiresAt = instant(sandbox.expires_at);
    this.canExtend = sandbox.can_extend;
    this.isPaused = sandbox.paused;
    this.savedAt = instant(sandbox.saved_at);
    this.leftOut = sandbox.left_out;
    this.become(this.phaseIn(sandbox.state, sandbox.error));
  }

  private phaseIn(state: SandboxState, error: string): Phase {
    switch (state) {
      case "starting":
        return { name: state, since: this.phase.name === state ? this.phase.since : Date.now(), error };
      case "stopped":
        return { name: state, isTimeOver: this.expiresAt !== null && this.clock.now() >= this.expiresAt };
      case "failed":
        return { name: state, error, hasRun: this.expiresAt !== null };
      default:
        return { name: state };
    }
  }

  private async call(url: string, method: "GET" | "POST", form?: URLSearchParams): Promise<void> {
    this.forgetNext();
    const number = ++this.asked;
    this.ordering = method === "POST";
    const answer = await askSandbox(url, method, this.csrf, form);
    // An answer overtaken by a later question says nothing about now.
    if (number !== this.asked) return;
    this.ordering = false;
    // Whoever left the queue while it was on its way has left, unless it brings a sandbox.
    if (this.phase.name !== "left" || answer.kind === "sandbox") this.understand(answer);
  }

  private understand(answer: Answer): void {
    if (answer.kind !== "unreachable") this.backoff.reset();
    switch (answer.kind) {
      case "sandbox":
        this.clock.set(Date.parse(answer.sandbox.now));
        this.code = answer.sandbox.code;
        this.accept(answer.sandbox);
        break;
      case "full":
        this.code = null;
        this.become({ name: "full", error: answer.error, retryAt: this.later(answer.retryAfter * 1000, () => this.ask()) });
        break;
      case "missing":
        this.code = null;
        this.become({ name: "missing" });
        break;
      case "refused":
        // A refusal to extend or reset leaves a running sandbox as it is.
        if (this.phase.name === "running") this.onRefusal(answer.error);
        else this.become({ name: "refused", error: answer.error });
        break;
      case "signed-out":
        this.become({ name: "signed-out" });
        break;
      case "unreachable":
        this.become({ name: "unreachable", retryAt: this.later(this.backoff.next(), () => this.refresh()) });
    }
  }

  /** Do it after a wait in milliseconds, and return when that will be. */
  private later(wait: number, what: () => Promise<void>): number {
    this.forgetNext();
    this.next = what;
    this.timer = window.setTimeout(() => this.hurry(), wait);
    return Date.now() + wait;
  }

  private forgetNext(): void {
    clearTimeout(this.timer);
    this.next = null;
  }

  private become(phase: Phase): void {
    this.phase = phase;
    // The event that ends a change may be lost on its way: look as well.
    if (phase.name === "starting" || phase.name === "stopping") this.later(POLL, () => this.refresh());
    for (const listener of this.listeners) listener(phase);
  }
}

function instant(iso: string | null): number | null {
  return iso === null ? null : Date.parse(iso);
}
