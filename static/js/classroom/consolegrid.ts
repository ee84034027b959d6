import { make, setText } from "../dom.ts";
import { say } from "../strings.ts";
import { spent, standing, type Board } from "./board.ts";
import { ago, duration } from "./durations.ts";
import type { Column, Room, Row } from "./protocol.ts";
import { rowMenu, type MenuDoors } from "./rowmenu.ts";

/** A learner's line in the grid, with the cells that change. */
interface Line {
  readonly element: HTMLTableRowElement;
  readonly box: HTMLInputElement;
  readonly name: HTMLElement;
  readonly signs: HTMLElement;
  readonly state: HTMLElement;
  readonly seen: HTMLElement;
  readonly trouble: HTMLElement;
  readonly cells: readonly HTMLTableCellElement[];
}

/** The grid: a row per learner, a column per task. Only what has changed is drawn. */
export class Grid {
  onSelect: () => void = () => undefined;
  readonly selected = new Set<number>();
  private readonly lines = new Map<number, Line>();
  private heads: HTMLElement[] = [];
  private columns: readonly Column[] = [];

  constructor(
    private readonly table: HTMLTableElement,
    private readonly board: Board,
    private readonly doors: MenuDoors,
  ) {}

  /** Make the header anew, and let go of all rows: the columns are others. */
  build(room: Room): void {
    this.columns = room.columns;
    const head = make("tr");
    head.append(headCell("grid-pick", say("pick")), headCell("grid-name", say("learner")), headCell("grid-seen", say("seen")));
    this.heads = room.columns.map((column) => {
      const cell = headCell(column.quiz ? "grid-quiz" : "grid-task", "");
      cell.title = say("column", { day: column.day, title: column.title });
      cell.append(make("span", "grid-number", this.numberOf(column)), make("span", "visually-hidden", column.title), make("span", "grid-time"));
      head.append(cell);
      return cell;
    });
    this.table.replaceChildren(wrap("thead", head), make("tbody"));
    this.lines.clear();
  }

  /** Draw these rows. */
  draw(rows: Iterable<Row>, now: number): void {
    for (const row of rows) this.fill(this.lines.get(row.id) ?? this.add(row), row, now);
  }

  remove(ids: readonly number[]): void {
    for (const id of ids) {
      this.lines.get(id)?.element.remove();
      this.lines.delete(id);
      this.selected.delete(id);
    }
    if (ids.length) this.onSelect();
  }

  /** Put the rows into this order, moving only those that are elsewhere. */
  arrange(rows: readonly Row[]): void {
    const body = this.table.tBodies[0];
    if (!body) return;
    let next = body.firstElementChild;
    for (const { id } of rows) {
      const element = this.lines.get(id)?.element;
      if (!element) continue;
      if (element === next) next = next.nextElementSibling;
      else body.insertBefore(element, next);
    }
  }

  /** Say of each column how many have done it, and the time they took beside the plan. */
  sum(room: Room, learners: number): void {
    this.columns.forEach((column, at) => {
      const head = this.heads[at];
      const time = room.times[column.key];
      if (!head || !time) return;
      const isOver = time.median !== null && column.planned > 0 && time.median > 1.5 * column.planned;
      head.dataset["over"] = String(isOver);
      const middle = time.median === null ? "" : duration(time.median);
      const text = middle ? say(isOver ? "column-over" : "column-done", { done: time.done, of: learners, time: middle }) : `${time.done}/${learners}`;
      const shown = head.querySelector(".grid-time");
      if (shown) setText(shown, text);
      const plan = column.planned ? say("column-plan", { time: duration(column.planned) }) : "";
      head.title = `${say("column", { day: column.day, title: column.title })} ${plan}`.trim();
    });
  }

  select(ids: Iterable<number>, isSelected = true): void {
    for (const id of ids) {
      const line = this.lines.get(id);
      if (!line) continue;
      if (isSelected) this.selected.add(id);
      else this.selected.delete(id);
      line.box.checked = isSelected;
      line.element.dataset["selected"] = String(isSelected);
    }
    this.onSelect();
  }

  private numberOf(column: Column): string {
    const same = this.columns.filter(({ lesson, quiz }) => lesson === column.lesson && quiz === column.quiz);
    const number = same.indexOf(column) + 1;
    return column.quiz ? `?${number}` : `${column.day}.${number}`;
  }

  private add(row: Row): Line {
    const element = make("tr");
    element.dataset["learner"] = String(row.id);
    const box = make("input");
    box.type = "checkbox";
    box.addEventListener("change", () => this.select([row.id], box.checked));
    const pick = cell("grid-pick", box);
    const name = make("span", "grid-who");
    const signs = make("span", "grid-signs");
    const state = make("span", "grid-state");
    const trouble = make("span", "grid-trouble");
    const head = document.createElement("th");
    head.scope = "row";
    head.className = "grid-name";
    head.append(name, signs, state, trouble, rowMenu(row.id, this.doors));
    const seen = cell("grid-seen");
    const cells = this.columns.map((column) => cell(column.quiz ? "grid-quiz" : "grid-task"));
    element.append(pick, head, seen, ...cells);
    this.table.tBodies[0]?.append(element);
    const line = { element, box, name, signs, state, seen, trouble, cells };
    this.lines.set(row.id, line);
    return line;
  }

  private fill(line: Line, row: Row, now: number): void {
    setText(line.name, row.name);
    line.box.setAttribute("aria-label", say("pick-one", { name: row.name }));
    line.element.dataset["hand"] = String(row.hand_at !== null);
    line.element.dataset["stuck"] = String(this.board.stuck.has(row.id));
    this.fillSigns(line.signs, row, now);
    this.fillState(line.state, row);
    setText(line.seen, ago(row.active_at, now));
    setText(line.trouble, row.trouble?.phrase ?? "");
    line.trouble.title = row.trouble ? `${row.trouble.command}\n${row.trouble.error}` : "";
    this.columns.forEach((column, at) => {
      const cell = line.cells[at];
      if (cell) fillCell(cell, row, column, now);
    });
  }

  private fillSigns(box: HTMLElement, row: Row, now: number): void {
    const signs: [string, string][] = [];
    if (row.hand_at) signs.push(["hand", say("hand-up", { time: duration((now - Date.parse(row.hand_at)) / 1000) })]);
    for (const { name, keyboard } of row.watchers) signs.push(["watcher", say(`watched-${keyboard}`, { name })]);
    if (row.unread) signs.push(["unread", say("unread", { n: row.unread })]);
    const text = signs.map(([, words]) => words).join("");
    if (box.textContent === text) return;
    box.replaceChildren(...signs.map(([kind, words]) => make("span", `sign sign-${kind}`, words)));
  }

  private fillState(box: HTMLElement, row: Row): void {
    const { sandbox } = row;
    const state = !sandbox ? "none" : sandbox.paused ? "asleep" : sandbox.state;
    box.dataset["state"] = state;
    box.title = sandbox?.error ?? "";
    setText(box, say(`sandbox-${state}`));
  }
}

function fillCell(cell: HTMLTableCellElement, row: Row, column: Column, now: number): void {
  const how = standing(row, column.key, column.planned, now);
  const text = how === "done" ? "✓" : how === "open" ? "" : duration(spent(row, now));
  if (cell.dataset["how"] !== how) {
    cell.dataset["how"] = how;
    cell.setAttribute("aria-label", `${column.title}: ${say(`standing-${how}`)}`);
  }
  setText(cell, text);
  const wish = how === "at" || how === "slow" ? say("cell-at", { tries: row.tries, found: row.found, expected: row.expected }) : "";
  if (cell.title !== wish) cell.title = wish;
}

function headCell(className: string, text: string): HTMLTableCellElement {
  const cell = document.createElement("th");
  cell.scope = "col";
  cell.className = className;
  if (text) cell.append(make("span", className === "grid-pick" ? "visually-hidden" : "", text));
  return cell;
}

function cell(className: string, ...children: Node[]): HTMLTableCellElement {
  const made = make("td", className);
  made.append(...children);
  return made;
}

function wrap(name: "thead", row: HTMLTableRowElement): HTMLElement {
  const part = document.createElement(name);
  part.append(row);
  return part;
}
