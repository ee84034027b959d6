import { find, setText } from "../dom.ts";
import { say } from "../strings.ts";
import type { Announcer } from "./announce.ts";
import type { SandboxClient } from "./sandbox.ts";

const WARN_BEFORE = 5 * 60;

/** Show seconds as 1:23:45 or 4:05. */
export function clock(seconds: number): string {
  const left = Math.max(0, Math.floor(seconds));
  const two = (number: number): string => String(number).padStart(2, "0");
  const [hours, minutes] = [Math.floor(left / 3600), Math.floor(left / 60) % 60];
  return hours ? `${hours}:${two(minutes)}:${two(left % 60)}` : `${minutes}:${two(left % 60)}`;
}

/** Count down to the end of the sandbox, and warn once, five minutes before. */
export function showTimer(workspace: HTMLElement, sandbox: SandboxClient, announcer: Announcer): void {
  const timer = find(workspace, "[data-testid=timer]");
  let warnedFor = 0;
  const tick = (): void => {
    const { expiresAt, phase } = sandbox;
    timer.hidden = phase.name !== "running" || expiresAt === null;
    if (timer.hidden || expiresAt === null) return;
    const left = (expiresAt - Date.now() - sandbox.clockOffset) / 1000;
    setText(find(timer, "[data-clock]"), clock(left));
    timer.classList.toggle("is-late", left <= WARN_BEFORE);
    if (left <= WARN_BEFORE && left > 0 && warnedFor !== expiresAt) {
      warnedFor = expiresAt;
      announcer.say(say("ends-soon", { minutes: Math.max(1, Math.round(left / 60)) }));
    }
    // The server ends it at its own time; the page then looks, should the event be lost.
    if (left < -5 && left > -6.5) void sandbox.refresh();
  };
  sandbox.onChange(tick);
  window.setInterval(tick, 1_000);
  tick();
}

/** Extend at once; Reset and Stop after a question, as they throw work away. */
export function bindActions(workspace: HTMLElement, sandbox: SandboxClient, onReset: () => void): void {
  const extend = find<HTMLButtonElement>(workspace, "[data-extend]");
  extend.addEventListener("click", () => void sandbox.act("extend"));
  ask(workspace, "[data-testid=reset]", "[data-confirm-reset]", () => {
    onReset();
    void sandbox.act("reset");
  });
  ask(workspace, "[data-stop]", "[data-confirm-stop]", () => void sandbox.act("stop"));
  const buttons = workspace.querySelectorAll<HTMLButtonElement>("[data-extend], [data-testid=reset], [data-stop]");
  const enable = (): void => {
    const { name } = sandbox.phase;
    for (const button of buttons) {
      const works = button.dataset["testid"] === "reset" ? name === "running" || name === "failed" : name === "running";
      button.disabled = !works;
    }
  };
  sandbox.onChange(enable);
  enable();
}

function ask(workspace: HTMLElement, opener: string, selector: string, act: () => void): void {
  const dialog = find<HTMLDialogElement>(workspace, selector);
  find(workspace, opener).addEventListener("click", () => {
    dialog.returnValue = "";
    dialog.showModal();
  });
  dialog.addEventListener("close", () => {
    if (dialog.returnValue === "yes") act();
  });
}
