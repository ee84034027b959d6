import { find, setText } from "../dom.ts";
import { say } from "../strings.ts";
import type { Announcer } from "./announce.ts";
import { LAST_SECONDS, moment, timeLeft } from "./moments.ts";
import type { SandboxClient } from "./sandbox.ts";
import { Warning } from "./warning.ts";

/** Count down to the end of the sandbox by the server's clock, say what is saved, and warn before the end. */
export class Timer {
  private readonly timer: HTMLDetailsElement;
  private readonly warning: Warning;
  private endsAt: number | null = null;

  constructor(
    workspace: HTMLElement,
    private readonly sandbox: SandboxClient,
    private readonly announcer: Announcer,
  ) {
    this.timer = find<HTMLDetailsElement>(workspace, "[data-timer]");
    this.warning = new Warning(workspace, announcer, () => find(this.timer, "summary").focus());
    sandbox.onChange(() => this.tick());
    window.setInterval(() => this.tick(), 1_000);
    this.tick();
  }

  private tick(): void {
    const { expiresAt, phase, clock, canExtend } = this.sandbox;
    this.timer.hidden = phase.name !== "running" || expiresAt === null;
    if (this.timer.hidden || expiresAt === null) return this.warning.hide();
    const left = (expiresAt - clock.now()) / 1000;
    setText(find(this.timer, "[data-clock]"), timeLeft(left));
    this.timer.classList.toggle("is-late", left <= LAST_SECONDS);
    this.tell(expiresAt, left);
    this.warning.show(left, expiresAt, canExtend);
    // The server ends it at its own time; the page then looks, should the event be lost.
    if (clock.hasJumped() || (left < -5 && left > -6.5)) void this.sandbox.refresh();
  }

  /** Fill the lines behind the timer, and say when an extension was granted. */
  private tell(expiresAt: number, left: number): void {
    const { clock, savedAt, leftOut, canExtend } = this.sandbox;
    const line = (name: string, text: string): void => {
      const element = find(this.timer, `[data-${name}]`);
      setText(element, text);
      element.hidden = !text;
    };
    const now = clock.now();
    line("ends", say("ends-at", { time: moment(expiresAt, now) }));
    line("saved", savedAt === null ? say("not-saved") : say("saved-at", { time: moment(savedAt, now) }));
    line("left-out", leftOut ? say("left-out", { count: leftOut }) : "");
    line("longest", left <= LAST_SECONDS && !canExtend ? say("longest") : "");
    if (this.endsAt !== null && expiresAt > this.endsAt) this.announcer.say(say("ends-at", { time: moment(expiresAt, now) }));
    this.endsAt = expiresAt;
  }
}
