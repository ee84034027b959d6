import { find, setText } from "../dom.ts";
import { say } from "../strings.ts";
import { parseFrame } from "../workspace/protocol.ts";
import { Socket } from "../workspace/socket.ts";
import type { Column, ConsoleFrame, Keyboard, Row } from "./protocol.ts";

/** What the console knows of the watched learner, and whose hand is up besides. */
export class WatchedRow {
  /** What has become of the question for the keyboard. */
  keyboard: Keyboard = "none";
  private readonly rows = new Map<number, Row>();
  private columns = new Map<string, Column>();
  private readonly id: number;
  private granted = false;

  constructor(
    private readonly root: HTMLElement,
    private readonly tell: (text: string) => void,
  ) {
    this.id = Number(root.dataset["id"]);
  }

  start(): void {
    const socket = new Socket({
      path: () => `/ws/workshop/${this.root.dataset["code"]}/console/`,
      onMessage: (data) => {
        const frame = typeof data === "string" ? parseFrame<ConsoleFrame>(data, ["room", "change"]) : null;
        if (frame) this.take(frame);
      },
    });
    socket.start();
  }

  showKeyboard(granted: boolean): void {
    this.granted = granted;
    this.drawKeyboard();
  }

  private take(frame: ConsoleFrame): void {
    if (frame.type === "room") this.rows.clear();
    if (frame.columns) this.columns = new Map(frame.columns.map((column) => [column.key, column]));
    for (const row of frame.rows) this.rows.set(row.id, row);
    for (const id of frame.gone) this.rows.delete(id);
    const row = this.rows.get(this.id);
    if (row) this.draw(row);
    this.drawNext();
  }

  private draw(row: Row): void {
    const put = (selector: string, text: string): void => {
      const element = find(this.root, selector);
      setText(element, text);
      element.closest<HTMLElement>("[data-fact]")?.toggleAttribute("hidden", text === "");
    };
    const column = row.at === null ? undefined : this.columns.get(row.at);
    put("[data-name]", row.name);
    put("[data-task]", column ? say("watch-task", { day: column.day, title: column.title }) : say("watch-all-done"));
    put("[data-found]", column ? row.found : "");
    put("[data-expected]", column ? row.expected : "");
    put("[data-trouble]", row.trouble?.error ?? "");
    find(this.root, "[data-hand-up]").hidden = row.hand_at === null;
    const mine = row.watchers.find(({ name }) => name === this.root.dataset["me"]);
    const keyboard = mine?.keyboard ?? "none";
    if (this.keyboard === "asked" && keyboard === "none") this.tell(say("watch-refused", { name: row.name }));
    this.keyboard = keyboard;
    this.drawKeyboard();
  }

  private drawKeyboard(): void {
    const button = find(this.root, "[data-keyboard]");
    setText(button, say(this.granted ? "keyboard-return" : this.keyboard === "asked" ? "keyboard-waits" : "keyboard-ask"));
  }

  private drawNext(): void {
    const waving = [...this.rows.values()].filter(({ id, hand_at }) => hand_at !== null && id !== this.id);
    const next = waving.sort((one, other) => Date.parse(one.hand_at ?? "") - Date.parse(other.hand_at ?? ""))[0];
    const link = find<HTMLAnchorElement>(this.root, "[data-next]");
    link.hidden = !next;
    if (!next) return;
    link.href = `${this.root.dataset["room"]}participants/${next.id}/`;
    setText(link, say("watch-next", { name: next.name }));
  }
}
