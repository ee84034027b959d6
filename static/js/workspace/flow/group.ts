import { make, setText } from "../../dom.ts";
import { say } from "../../strings.ts";
import { timeOfDay } from "../logs.ts";
import type { FlowEvent } from "../protocol.ts";
import { FoldRow } from "./foldrow.ts";
import { laneNames } from "./lanes.ts";
import type { Command, Fold } from "./story.ts";
import { duration, titleOf } from "./words.ts";

/** A command: its line, which opens to the arrows of all that it caused. */
export class Group {
  readonly item = make("li", "flow-group");
  private readonly toggle = make("button", "flow-toggle");
  private readonly title = make("span", "flow-command");
  private readonly facts = make("span", "flow-meta");
  private readonly again = make("button", "tool", say("replay"));
  private readonly leftOut = make("p", "flow-left-out");
  private readonly list = make("ol", "flow-rows");
  private readonly rows = new Map<Fold, FoldRow>();
  private body: HTMLElement | null = null;
  isOpen = false;
  /** The reader opened or closed it: then it stays so. */
  isHandled = false;

  constructor(
    readonly command: Command,
    onToggle: (group: Group) => void,
  ) {
    this.item.dataset["order"] = String(command.order);
    this.toggle.type = this.again.type = "button";
    this.toggle.setAttribute("aria-expanded", "false");
    this.toggle.append(this.title, this.facts);
    this.toggle.addEventListener("click", () => {
      this.isHandled = true;
      this.open(!this.isOpen);
      onToggle(this);
    });
    this.again.dataset["again"] = "";
    const heading = make("h3", "flow-heading");
    heading.append(this.toggle);
    const head = make("div", "flow-head");
    head.append(heading, this.again);
    this.item.append(head);
  }

  /** Whether the reader is at it, so that it must not close by itself. */
  get isRead(): boolean {
    return this.isHandled || this.item.querySelector("details[open]") !== null || this.item.contains(document.activeElement);
  }

  open(isOpen: boolean): void {
    this.isOpen = isOpen;
    this.toggle.setAttribute("aria-expanded", String(isOpen));
    if (isOpen) this.draw();
    if (this.body) this.body.hidden = !isOpen;
  }

  draw(): void {
    const { command } = this;
    const title = titleOf(command);
    setText(this.title, title);
    this.again.setAttribute("aria-label", say("replay-command", { command: title }));
    const calls = command.calls === 1 ? say("flow-one-call") : say("flow-many-calls", { count: command.calls });
    setText(this.facts, [timeOfDay(command.at).slice(0, 8), duration(command.lasted), calls].join(" · "));
    if (this.isOpen) this.drawRows();
  }

  rowOf(event: FlowEvent): HTMLElement | undefined {
    for (const row of this.rows.values()) {
      const found = row.rowOf(event);
      if (found) return found.offsetParent ? found : row.item;
    }
    return undefined;
  }

  private drawRows(): void {
    this.body ??= this.putBody();
    const { folds, leftOut } = this.command;
    this.leftOut.hidden = leftOut === 0;
    setText(this.leftOut, leftOut ? say("flow-left-out", { count: leftOut }) : "");
    const kept = new Set(folds);
    for (const [fold, row] of this.rows) if (!kept.has(fold)) this.drop(fold, row);
    for (const fold of folds) this.row(fold).draw();
  }

  private putBody(): HTMLElement {
    const body = make("div", "flow-sequence");
    body.append(laneNames(), this.leftOut, this.list);
    this.item.append(body);
    return body;
  }

  private row(fold: Fold): FoldRow {
    const known = this.rows.get(fold);
    if (known) return known;
    const row = new FoldRow(fold);
    this.rows.set(fold, row);
    this.list.append(row.item);
    return row;
  }

  private drop(fold: Fold, row: FoldRow): void {
    row.item.remove();
    this.rows.delete(fold);
  }
}
