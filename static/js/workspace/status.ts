import { find, setText } from "../dom.ts";
import { say } from "../strings.ts";
import { comesBack } from "./moments.ts";
import type { Phase, SandboxClient } from "./sandbox.ts";

interface View {
  readonly text: string;
  readonly detail?: string;
  readonly button?: string;
  readonly busy?: boolean;
}

/** Shows what the sandbox is doing, and what a learner can do about it; out of the way while it runs. */
export function showStatus(workspace: HTMLElement, sandbox: SandboxClient): void {
  const panel = find(workspace, "[data-status]");
  const screen = find(workspace, "[data-testid=terminal-client]");
  const button = find<HTMLButtonElement>(panel, "[data-status-button]");
  const leave = find<HTMLButtonElement>(panel, "[data-leave-queue]");
  const link = find<HTMLAnchorElement>(panel, "[data-status-link]");
  let wasRunning = false;
  const draw = (): void => {
    const { phase } = sandbox;
    const focused = panel.querySelector<HTMLElement>(":focus");
    // A server that is away for a moment is no reason to cover what is on the screen.
    if (phase.name !== "unreachable") wasRunning = phase.name === "running";
    const view = viewOf(phase, Date.now(), comesBack(sandbox, sandbox.clock.now()));
    workspace.dataset["state"] = phase.name;
    panel.classList.toggle("is-busy", view.busy ?? false);
    setText(find(panel, "[data-status-text]"), view.text);
    setText(find(panel, "[data-status-detail]"), view.detail ?? "");
    setText(button, view.button ?? "");
    button.hidden = !view.button;
    leave.hidden = phase.name !== "full";
    link.hidden = phase.name !== "signed-out";
    setText(find(workspace, "[data-state-name]"), say(`state-${phase.name}`));
    // A button that goes while it has the keyboard would take it along.
    if (focused?.hidden) panel.focus();
    cover(screen, panel, !wasRunning);
  };
  button.addEventListener("click", () => void sandbox.ask());
  leave.addEventListener("click", () => {
    sandbox.leaveQueue();
    button.focus();
  });
  sandbox.onChange(draw);
  window.setInterval(() => sandbox.phase.name !== "running" && draw(), 1_000);
  draw();
}

/** Let the panel cover the terminal, or not. What is covered takes no keys: a keyboard in it goes on to the panel, and back. */
function cover(screen: HTMLElement, panel: HTMLElement, isCovered: boolean): void {
  const hadFocus = (isCovered ? screen : panel).contains(document.activeElement);
  screen.inert = isCovered;
  panel.hidden = !isCovered;
  if (hadFocus) (isCovered ? panel : screen.querySelector("textarea"))?.focus();
}

/** Return what to say about a phase at a moment; `kept` says which files the next sandbox brings back. */
export function viewOf(phase: Phase, now: number, kept = ""): View {
  switch (phase.name) {
    case "asking":
      return { text: say("asking"), busy: true };
    case "starting":
      return { text: say("starting"), detail: waited(phase, now), busy: true };
    case "stopping":
      return { text: say("stopping"), busy: true };
    case "stopped":
      return ended(phase.isTimeOver, kept);
    case "missing":
      return { text: say("missing"), button: say("start-again") };
    case "failed":
      return phase.hasRun
        ? { text: say("lost"), detail: lines(phase.error, kept), button: say("start-again") }
        : { text: say("failed"), detail: lines(phase.error, kept), button: say("retry") };
    case "refused":
      return { text: phase.error, button: say("retry") };
    case "full":
      return { text: phase.error || say("full"), detail: inQueue(phase.retryAt, now), button: say("retry-now"), busy: true };
    case "left":
      return { text: say("left-queue"), button: say("ask-again") };
    case "unreachable":
      return { text: say("unreachable"), detail: again(phase.retryAt, now), button: say("retry-now"), busy: true };
    case "signed-out":
      return { text: say("signed-out") };
    case "running":
      return { text: "" };
  }
}

function ended(isTimeOver: boolean, kept: string): View {
  const text = isTimeOver ? say(kept ? "time-over-kept" : "time-over") : say("stopped");
  return { text, detail: lines(kept, say("stopped-detail")), button: say("start-again") };
}

function waited({ since, error }: { since: number; error: string }, now: number): string {
  const seconds = Math.floor((now - since) / 1000);
  if (error) return say("waited-because", { seconds, why: error });
  if (seconds < 1) return "";
  return say(seconds < 15 ? "waited" : "waited-long", { seconds });
}

function again(retryAt: number, now: number): string {
  return say("again-in", { seconds: Math.max(0, Math.ceil((retryAt - now) / 1000)) });
}

function inQueue(retryAt: number, now: number): string {
  return lines(say("queue"), retryAt > now ? again(retryAt, now) : say("asking-now"));
}

function lines(...texts: string[]): string {
  return texts.filter(Boolean).join("\n");
}
