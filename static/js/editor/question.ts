import { find, make, setText } from "../dom.ts";
import { say } from "../strings.ts";
import { difference } from "./difference.ts";
import type { SavedFile } from "./savedfile.ts";

export interface Answers {
  keepMine(): void;
  takeTheirs(): void;
  close(): void;
}

/** Asks what becomes of a file that something else has changed or removed, and shows what differs. */
export class Question {
  private readonly text: HTMLElement;
  private readonly mine: HTMLElement;
  private readonly theirs: HTMLElement;
  private readonly away: HTMLElement;
  private readonly look: HTMLElement;
  private readonly lines: HTMLElement;
  private file: SavedFile | null = null;

  constructor(
    private readonly box: HTMLElement,
    answers: Answers,
  ) {
    this.text = find(box, "[data-question-text]");
    this.mine = find(box, "[data-keep-mine]");
    this.theirs = find(box, "[data-take-theirs]");
    this.away = find(box, "[data-let-go]");
    this.look = find(box, "[data-show-difference]");
    this.lines = find(box, "[data-difference]");
    this.mine.addEventListener("click", () => answers.keepMine());
    this.theirs.addEventListener("click", () => answers.takeTheirs());
    this.away.addEventListener("click", () => answers.close());
    this.look.addEventListener("click", () => this.showLines(this.lines.hidden));
  }

  /** Ask, or go away, as the file's status has it. */
  draw(file: SavedFile | null): void {
    const status = file?.status.name;
    const asks = status === "changed" || status === "gone";
    if (file !== this.file || !asks) this.showLines(false);
    this.file = file;
    this.box.hidden = !asks;
    if (!file || !asks) return;
    setText(this.text, say(`editor-${status}`, { file: file.path }));
    setText(this.mine, say(status === "gone" ? "editor-put-back" : "editor-keep-mine"));
    this.theirs.hidden = this.look.hidden = status === "gone";
    this.away.hidden = status !== "gone";
    if (!this.lines.hidden) this.showLines(true);
  }

  private showLines(shown: boolean): void {
    this.lines.hidden = !shown;
    this.look.setAttribute("aria-expanded", String(shown));
    const { file } = this;
    if (!shown || file?.status.name !== "changed") return;
    const lines = difference(file.status.theirs.text, file.text);
    this.lines.replaceChildren(...lines.map(({ sign, text }) => lineOf(sign, text)));
  }
}

function lineOf(sign: string, text: string): HTMLElement {
  const name = { "-": "is-theirs", "+": "is-mine" }[sign] ?? "";
  const line = make("span", `difference-line ${name}`);
  const whose = { "-": say("editor-theirs"), "+": say("editor-mine") }[sign];
  if (whose) line.append(make("span", "difference-whose", whose), " ");
  line.append(text || " ");
  return line;
}
