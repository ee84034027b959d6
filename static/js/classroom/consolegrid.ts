import { find } from "../dom.ts";
import { GridHead } from "./consolehead.ts";
import { arrange, ordered, type Sorting } from "./consoleorder.ts";
import { RowView } from "./consolerow.ts";
import { stuckIn, type RoomState } from "./consolestate.ts";
import type { Selection } from "./consoleselection.ts";

/** A row per learner, a column per task. Keyed: a change writes into the rows it is about, and moves few. */
export class Grid {
  private readonly views = new Map<number, RowView>();
  private readonly body: HTMLElement;
  private readonly head: GridHead;
  private readonly template: HTMLTemplateElement;
  private state: RoomState | null = null;

  constructor(
    private readonly page: HTMLElement,
    private readonly room: string,
    private readonly selection: Selection,
    private readonly open: (id: number) => void,
  ) {
    this.body = find(page, "[data-rows]");
    this.head = new GridHead(find<HTMLTableElement>(page, "[data-grid]"));
    this.template = find<HTMLTemplateElement>(page, "[data-row-template]");
    this.body.addEventListener("change", (event) => this.checked(event.target as HTMLElement));
    this.body.addEventListener("click", (event) => this.clicked(event.target as HTMLElement));
    selection.onChange(() => this.views.forEach((view, id) => view.select(selection.has(id))));
  }

  draw(state: RoomState, sorting: Sorting, now: number): void {
    const before = this.state;
    this.state = state;
    const isAnew = this.head.draw(state);
    this.forget(state);
    const rows = ordered(state, sorting, document.documentElement.lang);
    const stuck = stuckIn(state);
    const wasStuck = before ? stuckIn(before) : new Set<number>();
    let hands = 0;
    for (const row of rows) {
      const hand = row.hand_at ? (hands += 1) : 0;
      const view = this.viewOf(row.id, state);
      const isSame = !isAnew && before?.rows.get(row.id) === row && !hand && stuck.has(row.id) === wasStuck.has(row.id);
      if (isAnew) view.clear();
      if (!isSame || !view.element.isConnected) view.draw(row, { hand, isStuck: stuck.has(row.id) }, state.columns, now);
    }
    this.order(rows.map(({ id }) => this.viewOf(id, state).element));
    find(this.page, "[data-empty]").hidden = rows.length > 0;
  }

  tick(now: number): void {
    const columns = this.state?.columns ?? [];
    for (const view of this.views.values()) view.tick(columns, now);
  }

  private forget(state: RoomState): void {
    for (const [id, view] of this.views) {
      if (state.rows.has(id)) continue;
      view.element.remove();
      this.views.delete(id);
    }
  }

  private viewOf(id: number, state: RoomState): RowView {
    const known = this.views.get(id);
    if (known) return known;
    const row = state.rows.get(id);
    if (!row) throw new Error(`There is no row ${id}.`);
    const view = new RowView(this.template, row, `${this.room}participants/${id}/`);
    view.select(this.selection.has(id));
    this.views.set(id, view);
    return view;
  }

  /** Move rows; whoever has the keyboard in one that is moved keeps it. */
  private order(elements: readonly HTMLTableRowElement[]): void {
    const focused = this.body.contains(document.activeElement) ? (document.activeElement as HTMLElement) : null;
    arrange<ChildNode>(this.body, elements);
    if (focused && document.activeElement !== focused) focused.focus({ preventScroll: true });
  }

  private checked(target: HTMLElement): void {
    const id = idOf(target);
    if (id && target.matches("[data-check]")) this.selection.set(id, (target as HTMLInputElement).checked);
  }

  private clicked(target: HTMLElement): void {
    const id = idOf(target);
    if (id && target.closest("[data-more]")) this.open(id);
  }
}

function idOf(target: HTMLElement): number {
  return Number(target.closest<HTMLElement>("[data-id]")?.dataset["id"] ?? 0);
}
