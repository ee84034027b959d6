import { find, setText } from "../dom.ts";
import { say } from "../strings.ts";
import { ago, cellOf, sandboxState } from "./consolewords.ts";
import type { Column, Row } from "./protocol.ts";

export interface Place {
  /** In the queue for help, from 1; 0: the hand is not up. */
  readonly hand: number;
  readonly isStuck: boolean;
}

/** One learner's row of the grid. Only what is another than before is written into the page. */
export class RowView {
  readonly element: HTMLTableRowElement;
  private readonly check: HTMLInputElement;
  private readonly parts: Record<"name" | "hand" | "sandbox-state" | "active" | "watchers" | "unread" | "trouble", HTMLElement>;
  private readonly cells: HTMLTableCellElement[] = [];
  private readonly written: string[] = [];

  constructor(
    template: HTMLTemplateElement,
    public row: Row,
    watchUrl: string,
  ) {
    this.element = template.content.firstElementChild?.cloneNode(true) as HTMLTableRowElement;
    this.element.dataset["id"] = String(row.id);
    this.check = find<HTMLInputElement>(this.element, "[data-check]");
    const part = (name: string): HTMLElement => find(this.element, `[data-${name}]`);
    this.parts = {
      name: part("name"),
      hand: part("hand"),
      "sandbox-state": part("sandbox-state"),
      active: part("active"),
      watchers: part("watchers"),
      unread: part("unread"),
      trouble: part("trouble"),
    };
    (this.parts.name as HTMLAnchorElement).href = watchUrl;
  }

  select(isSelected: boolean): void {
    if (this.check.checked !== isSelected) this.check.checked = isSelected;
    this.element.classList.toggle("is-selected", isSelected);
  }

  /** Begin anew with other columns. */
  clear(): void {
    for (const cell of this.cells) cell.remove();
    this.cells.length = this.written.length = 0;
  }

  draw(row: Row, place: Place, columns: readonly Column[], now: number): void {
    this.row = row;
    setText(this.parts.name, row.name);
    setText(find(this.element, "[data-check-label]"), say("select-one", { name: row.name }));
    setText(find(this.element, "[data-more-label]"), say("more-of", { name: row.name }));
    this.chip("hand", place.hand ? say("hand-place", { place: place.hand }) : "", say("hand-told", { place: place.hand }));
    this.chip("watchers", watchedBy(row));
    this.chip("unread", row.unread ? say("unread", { count: row.unread }) : "");
    this.chip("trouble", row.trouble?.phrase ?? "", row.trouble ? `${row.trouble.command}\n${row.trouble.error}` : "");
    const state = sandboxState(row);
    setText(this.parts["sandbox-state"], say(`sandbox-${state}`));
    this.set(this.parts["sandbox-state"], "state", state);
    this.set(this.element, "need", place.hand ? "hand" : place.isStuck ? "stuck" : "");
    this.tick(columns, now);
  }

  /** Write what the passing time has changed. */
  tick(columns: readonly Column[], now: number): void {
    setText(this.parts.active, ago(this.row.active_at, now));
    columns.forEach((column, at) => this.cell(column, at, now));
  }

  private cell(column: Column, at: number, now: number): void {
    const { state, pace, text } = cellOf(this.row, column, now);
    const wanted = `${state} ${pace} ${text}`;
    if (this.written[at] === wanted) return;
    this.written[at] = wanted;
    const cell = (this.cells[at] ??= this.element.insertCell());
    this.set(cell, "state", state);
    this.set(cell, "pace", pace);
    setText(cell, text);
  }

  private chip(name: "hand" | "watchers" | "unread" | "trouble", text: string, title = ""): void {
    const chip = this.parts[name];
    chip.hidden = !text;
    setText(chip, text);
    if (chip.title !== title) chip.title = title;
  }

  private set(element: HTMLElement, name: string, value: string): void {
    if (element.dataset[name] !== value) element.dataset[name] = value;
  }
}

function watchedBy({ watchers }: Row): string {
  if (!watchers.length) return "";
  const typists = watchers.filter(({ keyboard }) => keyboard === "granted");
  const names = (typists.length ? typists : watchers).map(({ name }) => name).join(", ");
  return say(typists.length ? "typing" : "watched-by", { names });
}
