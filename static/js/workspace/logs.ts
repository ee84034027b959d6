import { find, make, setText } from "../dom.ts";
import { Frame } from "../frame.ts";
import { say } from "../strings.ts";
import { Logbook } from "./logbook.ts";
import { Margin } from "./margin.ts";
import type { LogEvent } from "./protocol.ts";
import { lightWithin, type Spotlight } from "./spotlight.ts";

/** "call" is an order over HTTP and "step" a part of the story; "debug" is what only the raw log is of use for. */
const LEVELS = new Set(["call", "step", "debug", "info", "warning", "error", "fatal"]);

/** Show the time of day of an ISO timestamp, in the reader's own zone, to the millisecond. */
export function timeOfDay(iso: string): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return "";
  const two = (number: number): string => String(number).padStart(2, "0");
  const seconds = `${two(at.getSeconds())}.${String(at.getMilliseconds()).padStart(3, "0")}`;
  return `${two(at.getHours())}:${two(at.getMinutes())}:${seconds}`;
}

/** Show as signs the characters that act on what stands beside them, escape sequences and turns of direction among them. */
export function visible(text: string): string {
  return text
    .replace(/[\0-\x08\x0b-\x1f]/g, (control) => String.fromCharCode(0x2400 + control.charCodeAt(0)))
    .replace(/[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, "\ufffd");
}

/** One log: readable lines that follow the newest until the reader scrolls up. */
export class LogPane {
  readonly margin = new Margin();
  private readonly book = new Logbook<LogEvent>();
  private readonly list: HTMLElement;
  private readonly newest: HTMLButtonElement;
  private follows = true;
  private isRaw = false;
  private readonly frame = new Frame(() => this.draw());

  constructor(
    private readonly panel: HTMLElement,
    private readonly spotlight: Spotlight,
  ) {
    this.list = find(panel, "[role=log]");
    spotlight.onChange((lit) => lightWithin(this.list, lit));
    this.newest = find<HTMLButtonElement>(panel, "[data-newest]");
    this.list.addEventListener("scroll", () => this.noticeScroll(), { passive: true });
    this.newest.addEventListener("click", () => this.follow());
    find(panel, "[data-clear]").addEventListener("click", () => this.clear());
    const raw = find(panel, "[data-raw]");
    raw.addEventListener("click", () => {
      this.isRaw = !this.isRaw;
      raw.setAttribute("aria-pressed", String(this.isRaw));
      this.redraw();
    });
  }

  add(event: LogEvent): void {
    this.book.add(event);
    // Many lines, one change of the page: at most one in each frame.
    this.frame.request();
  }

  /** Tell what a command is called; its lines may be there already. */
  name(order: number, title: string): void {
    this.margin.name(order, title);
    this.scrollIfFollowing();
  }

  clear(): void {
    this.book.clear();
    this.redraw();
  }

  /** Back to the newest line: after a press of the button, or when the pane is shown again. */
  follow(): void {
    this.follows = true;
    this.newest.hidden = true;
    this.list.scrollTop = this.list.scrollHeight;
  }

  scrollIfFollowing(): void {
    if (this.follows) this.list.scrollTop = this.list.scrollHeight;
  }

  private draw(): void {
    const { added, removed } = this.book.take();
    this.forget(removed);
    this.list.append(...added.map((event) => this.entry(event)));
    find(this.panel, "[data-empty]").hidden = this.book.all.length > 0;
    if (this.follows) this.list.scrollTop = this.list.scrollHeight;
    else this.newest.hidden = false;
  }

  private forget(count: number): void {
    const last = this.list.children[count - 1];
    if (!last) return;
    const range = document.createRange();
    range.setStart(this.list, 0);
    range.setEndAfter(last);
    range.deleteContents();
  }

  private redraw(): void {
    this.book.take();
    this.margin.restart();
    this.list.replaceChildren(...this.book.all.map((event) => this.entry(event)));
    find(this.panel, "[data-empty]").hidden = this.book.all.length > 0;
    this.scrollIfFollowing();
  }

  /** One element for each line, so that the oldest can be counted off. */
  private entry(event: LogEvent): HTMLElement {
    const row = this.row(event);
    row.classList.toggle("is-spotlit", this.spotlight.isLit(event.order ?? 0));
    return this.margin.mark(row, event.order);
  }

  private row(event: LogEvent): HTMLElement {
    const level = event.level && LEVELS.has(event.level) ? event.level : "info";
    const row = make("div", `log-line log-${level}`);
    if (this.isRaw) {
      row.append(make("span", "log-text", visible(event.raw ?? event.line)));
      return row;
    }
    const time = make("time", "log-time", timeOfDay(event.at));
    time.dateTime = event.at;
    row.hidden = level === "debug";
    row.append(time, make("span", "log-text", visible(event.line)));
    if (level === "warning" || level === "error" || level === "fatal") {
      // Colour alone would not tell everyone.
      time.after(make("span", "log-level", say(`level-${level}`)));
    }
    return row;
  }

  private noticeScroll(): void {
    const { scrollTop, clientHeight, scrollHeight } = this.list;
    // A hidden pane has no height, and says nothing about the reader.
    if (clientHeight === 0) return;
    this.follows = scrollHeight - clientHeight - scrollTop < 24;
    if (this.follows) this.newest.hidden = true;
  }
}

/** Show on a tab whether something happened behind it. */
export function markUnread(tab: HTMLElement, isUnread: boolean): void {
  tab.classList.toggle("has-news", isUnread);
  const note = tab.querySelector("[data-news]");
  if (note) setText(note, isUnread ? ` ${say("has-news")}` : "");
}
