import { find, make, setText } from "../dom.ts";
import { say } from "../strings.ts";
import type { Deeds } from "./consoledeeds.ts";
import { bindCancel, showError } from "./consoledialogs.ts";
import type { RoomState } from "./consolestate.ts";
import { ago, minutes, sandboxState } from "./consolewords.ts";
import type { Column, Row } from "./protocol.ts";

/** One learner in full, with everything that can be done for them. It stays true while it is open. */
export class LearnerDialog {
  private readonly dialog: HTMLDialogElement;
  private readonly tasks: HTMLSelectElement;
  private readonly name: HTMLInputElement;
  private id = 0;
  private options = "";

  constructor(
    page: HTMLElement,
    private readonly room: string,
    private readonly deeds: Deeds,
    private readonly now: () => number,
  ) {
    this.dialog = find<HTMLDialogElement>(page, "[data-learner-dialog]");
    this.tasks = find<HTMLSelectElement>(this.dialog, "[data-mark-task]");
    this.name = find<HTMLInputElement>(this.dialog, "[data-rename-form] [name=name]");
    bindCancel(this.dialog);
    this.dialog.addEventListener("click", (event) => {
      if (event.target === this.dialog) this.dialog.close();
    });
    this.bind();
  }

  open(id: number): void {
    this.id = id;
    this.name.value = this.deeds.nameOf(id);
    this.fail("");
    if (this.deeds.state) this.draw(this.deeds.state);
    this.dialog.showModal();
    find(this.dialog, "[data-one-name]").focus();
  }

  refresh(state: RoomState): void {
    if (!this.dialog.open) return;
    if (state.rows.has(this.id)) this.draw(state);
    else this.dialog.close();
  }

  private draw(state: RoomState): void {
    const row = state.rows.get(this.id);
    if (!row) return;
    const now = this.now();
    setText(find(this.dialog, "[data-one-name]"), row.name);
    setText(find(this.dialog, "[data-one-facts]"), say("joined", { ago: ago(row.joined_at, now), active: ago(row.active_at, now) }));
    this.fact("at", whereIs(row, state.columns, now));
    this.fact("found", row.at ? row.found : "");
    this.fact("expected", row.at ? row.expected : "");
    this.fact("command", row.trouble?.command ?? "");
    this.fact("error", row.trouble?.error ?? "");
    this.fact("sandbox", [say(`sandbox-${sandboxState(row)}`), row.sandbox?.error].filter(Boolean).join(": "));
    this.fact("containers", containersOf(row));
    this.fact("code", row.code);
    find<HTMLAnchorElement>(this.dialog, "[data-watch]").href = `${this.room}participants/${this.id}/`;
    find(this.dialog, "[data-one-act=lower]").hidden = !row.hand_at;
    find(this.dialog, "[data-rename-form]").hidden = !row.guest;
    this.offer(state.columns.filter(({ key }) => !row.done[key]), row.at);
  }

  private fact(name: string, text: string): void {
    const part = find(this.dialog, `[data-one=${name}]`);
    part.hidden = !text;
    setText(find(part, "dd"), text);
  }

  /** The tasks that can be marked; what the reader has chosen stays chosen. */
  private offer(columns: readonly Column[], at: string | null): void {
    const options = JSON.stringify([this.id, columns.map(({ key }) => key)]);
    find(this.dialog, "[data-mark-form]").hidden = !columns.length;
    if (options === this.options) return;
    this.options = options;
    const chosen = this.tasks.value;
    this.tasks.replaceChildren(
      ...columns.map(({ key, day, title, quiz }) => {
        const option = make("option", "", say("task-of-day", { day, title: quiz ? say("question", { title }) : title }));
        option.value = key;
        return option;
      }),
    );
    this.tasks.value = columns.some(({ key }) => key === chosen) ? chosen : (at ?? columns[0]?.key ?? "");
  }

  private bind(): void {
    const act = (name: string, work: (button: HTMLButtonElement) => void): void => {
      const button = find<HTMLButtonElement>(this.dialog, `[data-one-act=${name}]`);
      button.addEventListener("click", () => work(button));
    };
    act("note", () => this.deeds.write([this.id], false));
    act("hint", () => this.deeds.write([this.id], true));
    act("lower", (button) => void this.deeds.lowerHand(this.id, button).then((error) => this.fail(error)));
    act("remove", (button) => this.deeds.remove(this.id, button, (error) => this.fail(error)));
    for (const button of this.dialog.querySelectorAll<HTMLButtonElement>("[data-sandbox]")) {
      button.disabled = false;
      button.addEventListener("click", () => this.deeds.sandboxes([this.id], button.dataset["sandbox"] ?? "", button));
    }
    this.form("[data-mark-form]", (button) => this.deeds.mark(this.id, this.tasks.value, button));
    this.form("[data-rename-form]", (button) => this.deeds.rename(this.id, this.name.value, button));
  }

  private form(selector: string, work: (button: HTMLButtonElement) => Promise<string>): void {
    const form = find<HTMLFormElement>(this.dialog, selector);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void work(find<HTMLButtonElement>(form, "button")).then((error) => this.fail(error));
    });
  }

  private fail(error: string): void {
    showError(find(this.dialog, "[data-one-error]"), error);
  }
}

function whereIs(row: Row, columns: readonly Column[], now: number): string {
  const column = columns.find(({ key }) => key === row.at);
  if (!column) return say("all-done");
  const spent = minutes(Math.max(0, (now - Date.parse(row.at_since)) / 1000));
  return say("tries", { title: column.title, spent, tries: row.tries });
}

function containersOf({ sandbox }: Row): string {
  return (sandbox?.containers ?? []).map(({ name, state }) => say("stall", { name, state })).join(", ");
}
