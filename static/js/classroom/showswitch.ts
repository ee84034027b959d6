import { find, setText } from "../dom.ts";
import { post } from "./post.ts";

/** An instructor's switch: their own terminal is shown to the class, or not. */
export class ShowSwitch {
  private readonly button: HTMLButtonElement;

  constructor(private readonly part: HTMLElement) {
    this.button = find<HTMLButtonElement>(part, "[data-show]");
    this.button.addEventListener("click", () => void this.turn());
  }

  /** Show whether it is this user who shows; another may have begun instead. */
  draw(showing: string | null): void {
    const isOn = showing !== null && showing === this.part.dataset["me"];
    this.button.setAttribute("aria-pressed", String(isOn));
    find(this.part, "[data-shown]").hidden = !isOn;
  }

  private async turn(): Promise<void> {
    const { url = "", csrf = "" } = this.part.dataset;
    const isOn = this.button.getAttribute("aria-pressed") === "true";
    this.button.disabled = true;
    const answer = await post(url, csrf, { on: isOn ? "no" : "yes" });
    this.button.disabled = false;
    const error = find(this.part, "[data-show-error]");
    setText(error, typeof answer === "string" ? answer : "");
    if (typeof answer !== "string") this.draw(typeof answer["showing"] === "string" ? answer["showing"] : null);
  }
}
