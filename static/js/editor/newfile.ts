import { find, setText } from "../dom.ts";

/** Asks for the path of a new file, until one can be made. */
export class NewFile {
  /** `make` returns why a file cannot be made, or nothing; `open` opens it. */
  constructor(panel: HTMLElement, make: (path: string) => Promise<string>, open: (path: string) => void) {
    const dialog = find<HTMLDialogElement>(panel, "[data-new-file]");
    const form = find<HTMLFormElement>(dialog, "form");
    const field = find<HTMLInputElement>(form, "input");
    const error = find(form, "[data-new-error]");
    find(panel, "[data-new]").addEventListener("click", () => {
      form.reset();
      setText(error, "");
      dialog.showModal();
    });
    find(form, "[data-cancel]").addEventListener("click", () => dialog.close());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const path = inHome(field.value);
      void make(path).then((problem) => {
        setText(error, problem);
        if (problem) return field.focus();
        dialog.close();
        open(path);
      });
    });
  }
}

/** Return a path as the shell may know it, from the home on. */
export function inHome(path: string): string {
  return path.trim().replace(/^(~\/|\.\/|\/home\/learner\/)+/, "");
}
