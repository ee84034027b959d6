import { make, setText } from "../../dom.ts";
import type { FlowEvent } from "../protocol.ts";
import { ArrowRow, markAnswer } from "./arrow.ts";
import { drawWay, inBoth } from "./lanes.ts";
import type { Arrow, Fold } from "./story.ts";
import { callInCommon, foldSentence, outcomesOf } from "./words.ts";

/** From so many alike on, calls are shown as one line that opens. */
const FOLDS_FROM = 3;

/** Calls that are alike: each for itself while they are few, one line "×30" when they are many. */
export class FoldRow {
  readonly item = make("li", "flow-fold");
  private readonly list = make("ol", "flow-rows");
  private readonly rows = new Map<Arrow, ArrowRow>();
  private head: FoldHead | null = null;
  private drawn = -1;

  constructor(private readonly fold: Fold) {
    this.item.append(this.list);
  }

  draw(): void {
    const { arrows, version } = this.fold;
    if (version === this.drawn) return;
    this.drawn = version;
    const kept = new Set(arrows);
    for (const [arrow, row] of this.rows) if (!kept.has(arrow)) this.drop(arrow, row);
    for (const arrow of arrows) this.row(arrow).draw();
    if (arrows.length >= FOLDS_FROM) this.head ??= this.putHead();
    this.head?.draw(arrows);
  }

  /** Return the row of a call, or undefined if it is not one of these. */
  rowOf(event: FlowEvent): HTMLElement | undefined {
    return [...this.rows].find(([arrow]) => arrow.event === event)?.[1].item;
  }

  private row(arrow: Arrow): ArrowRow {
    const known = this.rows.get(arrow);
    if (known) return known;
    const row = new ArrowRow(arrow);
    this.rows.set(arrow, row);
    this.list.append(row.item);
    return row;
  }

  private drop(arrow: Arrow, row: ArrowRow): void {
    row.item.remove();
    this.rows.delete(arrow);
  }

  private putHead(): FoldHead {
    const head = new FoldHead(this.fold.arrows, this.list);
    // Whoever reads one of them does not lose it.
    head.open([...this.rows.values()].some((row) => row.isOpen));
    this.item.prepend(head.item);
    return head;
  }
}

class FoldHead {
  readonly item = make("div", "flow-row flow-folded");
  private readonly button = make("button", "flow-line");
  private readonly said = make("span", "visually-hidden");
  private readonly call = make("code");
  private readonly count = make("b", "flow-count");
  private readonly outcome = make("span", "flow-outcome");

  constructor(
    arrows: readonly Arrow[],
    private readonly list: HTMLElement,
  ) {
    this.button.type = "button";
    this.button.addEventListener("click", () => this.open(this.list.hidden));
    const [first] = arrows;
    if (!first) return;
    const call = make("span", "flow-call");
    call.append(this.call, this.count);
    const parts = [drawWay(first.event), call, this.outcome];
    for (const part of parts) part.setAttribute("aria-hidden", "true");
    this.button.append(this.said, ...parts);
    this.item.append(this.button);
  }

  open(isOpen: boolean): void {
    this.list.hidden = !isOpen;
    this.button.setAttribute("aria-expanded", String(isOpen));
  }

  draw(arrows: readonly Arrow[]): void {
    markAnswer(this.item, arrows);
    setText(this.call, callInCommon(arrows));
    setText(this.count, `×${arrows.length}`);
    setText(this.outcome, outcomesOf(arrows));
    this.said.replaceChildren(inBoth((tongue) => foldSentence(arrows, tongue)));
  }
}
