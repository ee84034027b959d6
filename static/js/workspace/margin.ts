import { make, setText } from "../dom.ts";
import { say } from "../strings.ts";

const MOST_ORDERS = 200;

interface Known {
  /** Neighbours in time differ in tint. */
  readonly tint: string;
  /** Around the first line that is shown of it; null before there is one. */
  entry: HTMLElement | null;
  head: HTMLButtonElement | null;
}

/** The margin of a log: which command each line belongs to. The command's name may be known before its lines, or after. */
export class Margin {
  /** The reader asks to see a command. */
  onOpen: (order: number) => void = () => undefined;
  private readonly titles = new Map<number, string>();
  private readonly seen = new Map<number, Known>();
  private count = 0;

  /** Mark a line as a command's; return what is to stand in the log. */
  mark(line: HTMLElement, order = 0): HTMLElement {
    if (!order) return line;
    const known = this.known(order);
    line.dataset["order"] = String(order);
    line.dataset["tint"] = known.tint;
    if (known.entry || line.hidden) return line;
    known.entry = make("div", "log-entry");
    known.entry.append(line);
    this.putHead(order, known);
    return known.entry;
  }

  /** Tell what a command is called. */
  name(order: number, title: string): void {
    if (this.titles.get(order) === title) return;
    keep(this.titles, order, title);
    const known = this.seen.get(order);
    if (known) this.putHead(order, known);
  }

  /** The log is drawn anew. */
  restart(): void {
    this.seen.clear();
  }

  private known(order: number): Known {
    const known = this.seen.get(order) ?? { tint: this.count % 2 ? "odd" : "even", entry: null, head: null };
    if (!this.seen.has(order)) this.count += 1;
    keep(this.seen, order, known);
    return known;
  }

  private putHead(order: number, known: Known): void {
    const title = this.titles.get(order);
    if (!title || !known.entry) return;
    known.head ??= this.makeHead(order, known);
    setText(known.head, title);
    known.head.setAttribute("aria-label", say("log-command", { command: title }));
    if (!known.head.parentElement) known.entry.prepend(known.head);
  }

  private makeHead(order: number, { tint }: Known): HTMLButtonElement {
    const head = make("button", "log-command");
    head.type = "button";
    head.dataset["order"] = String(order);
    head.dataset["tint"] = tint;
    head.addEventListener("click", () => this.onOpen(order));
    return head;
  }
}

/** Keep the newest of them. */
function keep<Value>(kept: Map<number, Value>, order: number, value: Value): void {
  kept.set(order, value);
  const [oldest] = kept.keys();
  if (kept.size > MOST_ORDERS && oldest !== undefined) kept.delete(oldest);
}
