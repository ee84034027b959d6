import { find } from "../dom.ts";
import type { SandboxClient } from "./sandbox.ts";

/** Extend at once; Reset and Stop after a question, as they throw work away. */
export function bindActions(workspace: HTMLElement, sandbox: SandboxClient, onReset: () => void): void {
  const all = (selector: string): HTMLButtonElement[] => [...workspace.querySelectorAll<HTMLButtonElement>(selector)];
  for (const extend of all("[data-extend]")) extend.addEventListener("click", () => void sandbox.act("extend"));
  ask(workspace, "[data-testid=reset]", "[data-confirm-reset]", (answers) => {
    onReset();
    void sandbox.act("reset", answers);
  });
  ask(workspace, "[data-stop]", "[data-confirm-stop]", () => void sandbox.act("stop"));
  const enable = (): void => {
    const { name } = sandbox.phase;
    const isRunning = name === "running";
    for (const button of all("[data-extend]")) button.disabled = !isRunning || !sandbox.canExtend;
    for (const button of all("[data-testid=reset]")) button.disabled = !isRunning && name !== "failed";
    for (const button of all("[data-stop]")) button.disabled = !isRunning;
  };
  sandbox.onChange(enable);
  enable();
}

/** Open a dialog, and act if it is answered with yes: on what else was answered in its form. */
function ask(workspace: HTMLElement, opener: string, selector: string, act: (answers: Record<string, string>) => void): void {
  const dialog = find<HTMLDialogElement>(workspace, selector);
  const form = find<HTMLFormElement>(dialog, "form");
  find(workspace, opener).addEventListener("click", () => {
    form.reset();
    dialog.returnValue = "";
    dialog.showModal();
  });
  dialog.addEventListener("close", () => {
    if (dialog.returnValue === "yes") act(Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value)])));
  });
}
