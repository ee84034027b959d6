import { find, setText } from "../dom.ts";
import { say } from "../strings.ts";
import { Announcer } from "./announce.ts";
import { LAST_SECONDS } from "./moments.ts";

const LAST_CALL = 2 * 60;

export type Urgency = "none" | "soon" | "urgent";

/** Return how urgent it is to extend a sandbox that has so many seconds left. */
export function urgencyAt(left: number): Urgency {
  if (left > LAST_SECONDS || left <= 0) return "none";
  return left > LAST_CALL ? "soon" : "urgent";
}

/** The notice that the sandbox ends soon, with a way to extend it: said once ten minutes, and once two minutes before. */
export class Warning {
  private readonly box: HTMLElement;
  private readonly alarm: Announcer;
  /** The end and the urgency last said, and last closed. */
  private said = "";
  private closed = "";
  private now = "";

  constructor(
    workspace: HTMLElement,
    private readonly announcer: Announcer,
    private readonly goBack: () => void,
  ) {
    this.box = find(workspace, "[data-warning]");
    this.alarm = new Announcer(find(workspace, "[data-alarm]"));
    find(this.box, "[data-close]").addEventListener("click", () => {
      this.closed = this.now;
      this.hide();
    });
  }

  show(left: number, expiresAt: number, canExtend: boolean): void {
    const urgency = urgencyAt(left);
    this.now = `${urgency} ${expiresAt}`;
    if (urgency === "none" || this.closed === this.now) return this.hide();
    const text = ending(left);
    setText(find(this.box, "[data-ending]"), text);
    find(this.box, "[data-extend]").hidden = !canExtend;
    find(this.box, "[data-no-extend]").hidden = canExtend;
    this.box.classList.toggle("is-urgent", urgency === "urgent");
    this.box.hidden = false;
    if (this.said === this.now) return;
    this.said = this.now;
    (urgency === "urgent" ? this.alarm : this.announcer).say(`${text} ${say(canExtend ? "extend-keeps" : "longest")}`);
  }

  hide(): void {
    // A keyboard that was in it goes on beside it.
    const hadFocus = this.box.contains(document.activeElement);
    this.box.hidden = true;
    if (hadFocus) this.goBack();
  }
}

function ending(left: number): string {
  const minutes = Math.ceil(left / 60);
  return minutes > 1 ? say("ends-soon", { minutes }) : say("ends-now");
}
