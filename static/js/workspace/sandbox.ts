import { askSandbox, type Answer } from "./api.ts";
import { Backoff } from "./backoff.ts";
import type { Sandbox, SandboxState } from "./protocol.ts";

/** What the page can say about the learner's sandbox. */
export type Phase =
  | { readonly name: "asking" | "missing" | "signed-out" | "running" | "stopping" | "stopped" }
  | { readonly name: "starting"; readonly since: number; readonly error: string }
  | { readonly name: "failed" | "refused"; readonly error: string }
  | { readonly name: "full"; readonly error: string; readonly retryAt: number }
  | { readonly name: "unreachable"; readonly retryAt: number };

type Action = "reset" | "stop" | "extend";
const POLL = 2_000;

/** The learner's sandbox as the page knows it: asked for, watched while it changes, and told to all who listen. */
export class SandboxClient {
  phase: Phase = { name: "asking" };
  code: string | null = null;
  expiresAt: number | null = null;
  /** Server's clock minus this computer's, in milliseconds. */
  clockOffset = 0;
  onRefusal: (error: string) => void = () => undefined;

  private timer = 0;
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

  /** Ask for a sandbox: the server makes one or finds the learner's. */
  ask(): Promise<void> {
    if (this.phase.name !== "starting") this.become({ name: "asking" });
    return this.call(this.url, "POST");
  }

  /** Look at the sandbox again, without asking for a new one. An order on its way will say more than a look. */
  async refresh(): Promise<void> {
    if (this.ordering) return;
    await (this.code ? this.call(`${this.url}${this.code}/`, "GET") : this.ask());
  }

  act(action: Action): Promise<void> {
    return this.call(`${this.url}${this.code}/${action}/`, "POST");
  }

  /** A socket was refused because the session is over. */
  signedOut(): void {
    this.become({ name: "signed-out" });
  }

  /** Take over what an event said; an answer still on its way may be older, and does not count. */
  hear(state: SandboxState, expiresAt: string | null | undefined, error: string): void {
    if (!this.ordering) this.asked += 1;
    this.accept(state, expiresAt, error);
  }

  private accept(state: SandboxState, expiresAt: string | null | undefined, error: string): void {
    if (expiresAt !== undefined) this.expiresAt = expiresAt === null ? null : Date.parse(expiresAt);
    if (state === "starting") this.become({ name: "starting", since: this.startingSince(), error });
    else if (state === "failed") this.become({ name: "failed", error });
    else this.become({ name: state });
  }

  private async call(url: string, method: "GET" | "POST"): Promise<void> {
    clearTimeout(this.timer);
    const number = ++this.asked;
    this.ordering = method === "POST";
    const answer = await askSandbox(url, method, this.csrf);
    // An answer overtaken by a later question says nothing about now.
    if (number !== this.asked) return;
    this.ordering = false;
    this.understand(answer);
  }

  private understand(answer: Answer): void {
    if (answer.kind !== "unreachable") this.backoff.reset();
    switch (answer.kind) {
      case "sandbox":
        this.clockOffset = answer.serverTime - Date.now();
        this.adopt(answer.sandbox);
        break;
      case "full":
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

  private adopt(sandbox: Sandbox): void {
    this.code = sandbox.code;
    this.accept(sandbox.state, sandbox.expires_at, sandbox.error);
  }

  /** Do it after a wait in milliseconds, and return when that will be. */
  private later(wait: number, what: () => Promise<void>): number {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void what(), wait);
    return Date.now() + wait;
  }

  private startingSince(): number {
    return this.phase.name === "starting" ? this.phase.since : Date.now();
  }

  private become(phase: Phase): void {
    this.phase = phase;
    // The event that ends a change may be lost on its way: look as well.
    if (phase.name === "starting" || phase.name === "stopping") this.later(POLL, () => this.refresh());
    for (const listener of this.listeners) listener(phase);
  }
}
