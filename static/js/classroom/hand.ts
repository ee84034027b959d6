import { find, setText } from "../dom.ts";
import { say } from "../strings.ts";
import { post } from "./post.ts";
import type { ClassroomFrame } from "./protocol.ts";
import { placeInLine } from "./words.ts";

/** The learner's hand, raised or not, and their place in the queue for help. */
export class Hand {
  private readonly button: HTMLButtonElement;
  private isUp = false;

  constructor(
    private readonly part: HTMLElement,
    private readonly url: string,
    private readonly csrf: string,
  ) {
    this.button = find<HTMLButtonElement>(part, "[data-hand]");
    this.button.addEventListener("click", () => void this.turn());
  }

  show(hand: ClassroomFrame["hand"], isOpen: boolean): void {
    this.part.hidden = !isOpen;
    this.isUp = hand !== null;
    this.button.setAttribute("aria-pressed", String(this.isUp));
    setText(find(this.button, "[data-hand-text]"), say(this.isUp ? "hand-lower" : "hand-raise"));
    setText(find(this.part, "[data-place]"), hand ? placeInLine(hand.place) : "");
  }

  /** What came of it is told by the next frame. */
  private async turn(): Promise<void> {
    const answer = await post(this.url, this.csrf, { up: this.isUp ? "no" : "yes" });
    if (typeof answer === "string") setText(find(this.part, "[data-place]"), answer);
  }
}
