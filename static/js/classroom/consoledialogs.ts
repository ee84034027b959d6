import { find, setText } from "../dom.ts";
import { say } from "../strings.ts";

/** Let the buttons of a dialog that say so close it. */
export function bindCancel(dialog: HTMLDialogElement): void {
  for (const button of dialog.querySelectorAll("[data-cancel]")) button.addEventListener("click", () => dialog.close());
}

/** Show an error in a dialog, or none. */
export function showError(place: HTMLElement, text: string): void {
  place.hidden = !text;
  setText(place, text);
}

export interface Question {
  /** The texts: `sure-<name>`, `sure-<name>-text` and `sure-<name>-yes`. */
  readonly name: string;
  readonly who: string;
}

/** Asks before something is lost. */
export class SureDialog {
  private readonly dialog: HTMLDialogElement;
  private act: () => void = () => undefined;

  constructor(page: HTMLElement) {
    this.dialog = find<HTMLDialogElement>(page, "[data-sure-dialog]");
    bindCancel(this.dialog);
    find(this.dialog, "form").addEventListener("submit", () => this.act());
  }

  ask({ name, who }: Question, act: () => void): void {
    this.act = act;
    setText(find(this.dialog, "[data-sure-title]"), say(`sure-${name}`, { name: who }));
    setText(find(this.dialog, "[data-sure-text]"), say(`sure-${name}-text`));
    setText(find(this.dialog, "[data-sure-to]"), who);
    setText(find(this.dialog, "[data-sure-yes]"), say(`sure-${name}-yes`));
    this.dialog.showModal();
  }
}

/** Sends what was written; return an error, or nothing when it was sent. */
export type Send = (text: string, isHint: boolean) => Promise<string>;

/** Writes to learners. What was written stays until it was sent. */
export class NoteDialog {
  private readonly dialog: HTMLDialogElement;
  private readonly form: HTMLFormElement;
  private readonly text: HTMLTextAreaElement;
  private readonly hint: HTMLInputElement;
  private who = "";
  private send: Send = () => Promise.resolve("");

  constructor(page: HTMLElement) {
    this.dialog = find<HTMLDialogElement>(page, "[data-note-dialog]");
    this.form = find<HTMLFormElement>(this.dialog, "form");
    this.text = find<HTMLTextAreaElement>(this.form, "[name=text]");
    this.hint = find<HTMLInputElement>(this.form, "[name=hint]");
    bindCancel(this.dialog);
    this.hint.addEventListener("change", () => this.title());
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.submit();
    });
    this.text.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.form.requestSubmit();
    });
  }

  write(who: string, names: string, isHint: boolean, suggestion: string, send: Send): void {
    this.who = who;
    this.send = send;
    this.hint.checked = isHint;
    this.text.value = suggestion;
    this.title();
    setText(find(this.dialog, "[data-note-to]"), names === who ? "" : names);
    showError(find(this.dialog, "[data-note-error]"), "");
    this.dialog.showModal();
    this.text.focus();
    this.text.setSelectionRange(suggestion.length, suggestion.length);
  }

  private title(): void {
    setText(find(this.dialog, "[data-note-title]"), say(this.hint.checked ? "hint-to" : "note-to", { who: this.who }));
  }

  private async submit(): Promise<void> {
    const button = find<HTMLButtonElement>(this.form, "[data-note-send]");
    if (button.disabled) return;
    button.disabled = true;
    const error = await this.send(this.text.value, this.hint.checked);
    button.disabled = false;
    showError(find(this.dialog, "[data-note-error]"), error);
    if (!error) this.dialog.close();
  }
}
