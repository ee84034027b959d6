import { find, make, setText } from "../dom.ts";
import { say } from "../strings.ts";
import type { RoomState } from "./consolestate.ts";
import { medianOf } from "./consolewords.ts";
import type { Column } from "./protocol.ts";

/** The grid's head: the days, and for each task how many have done it, and how fast. */
export class GridHead {
  private columns: readonly Column[] = [];
  private cells: HTMLTableCellElement[] = [];

  constructor(private readonly table: HTMLTableElement) {}

  /** Return true if the columns are others than before. */
  draw(state: RoomState): boolean {
    const isNew = JSON.stringify(this.columns) !== JSON.stringify(state.columns);
    if (isNew) this.build(state.columns);
    state.columns.forEach((column, at) => this.count(column, this.cells[at], state));
    return isNew;
  }

  private build(columns: readonly Column[]): void {
    this.columns = columns;
    const days = find(this.table, "[data-days]");
    const tasks = find<HTMLTableRowElement>(this.table, "[data-tasks]");
    const widths = find(this.table, "[data-cols]");
    while (days.children.length > 1) days.lastElementChild?.remove();
    tasks.replaceChildren();
    while (widths.children.length > 1) widths.lastElementChild?.remove();
    for (const day of new Set(columns.map((column) => column.day))) {
      const cell = make("th", "console-day");
      cell.append(make("span", "", say("day", { day })));
      cell.scope = "colgroup";
      cell.colSpan = columns.filter((column) => column.day === day).length;
      days.append(cell);
    }
    this.cells = columns.map((column) => this.task(column));
    tasks.append(...this.cells);
    const quizzes = columns.filter(({ quiz }) => quiz).length;
    this.table.style.setProperty("--tasks", String(columns.length - quizzes));
    this.table.style.setProperty("--quizzes", String(quizzes));
    widths.append(...columns.map(({ quiz }) => make("col", quiz ? "console-col-quiz" : "console-col-task")));
  }

  private task(column: Column): HTMLTableCellElement {
    const cell = make("th", column.quiz ? "console-task is-quiz" : "console-task");
    cell.scope = "col";
    cell.title = column.quiz ? say("question", { title: column.title }) : column.title;
    cell.append(
      make("span", "console-task-title", column.quiz ? `? ${column.title}` : column.title),
      make("span", "console-task-done"),
      make("span", "console-task-time"),
    );
    return cell;
  }

  private count(column: Column, cell: HTMLTableCellElement | undefined, state: RoomState): void {
    if (!cell) return;
    const { done = 0, median = null } = state.times[column.key] ?? {};
    const people = state.rows.size;
    const counted = find(cell, ".console-task-done");
    setText(counted, column.quiz ? String(done) : say("done-count", { done, people }));
    counted.title = say("done-count-told", { done, people });
    const { text, pace } = column.quiz ? { text: "", pace: "good" } : medianOf(median, column.planned);
    const time = find(cell, ".console-task-time");
    setText(time, text);
    time.dataset["pace"] = pace;
  }
}
