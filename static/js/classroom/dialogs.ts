import { find } from "../dom.ts";

/** Ask something in one of the page's dialogs; return its form's fields, or null if it was closed. */
export function ask(dialog: HTMLDialogElement, prepare: (form: HTMLFormElement) => void = () => undefined): Promise<FormData | null> {
  const form = find<HTMLFormElement>(dialog, "form");
  form.reset();
  prepare(form);
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes" ? new FormData(form) : null), { once: true });
  });
}
