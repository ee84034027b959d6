import { find, setText } from "../dom.ts";
import { say } from "../strings.ts";
import { post, type Answer } from "./post.ts";
import { Viewer } from "./viewer.ts";
import { WatchedRow } from "./watchedrow.ts";

/** An instructor's page about one learner: what they see, where they are, and what can be done for them. */
export class WatchPage {
  private readonly viewer: Viewer;
  private readonly row: WatchedRow;
  private hasKeyboard = false;

  constructor(private readonly root: HTMLElement) {
    this.viewer = new Viewer(find(root, "[data-viewer]"), {
      keyboard: (granted) => this.keyboard(granted),
      notice: (text) => this.say(text),
      leave: () => find(root, "[data-keyboard]").focus(),
    });
    this.row = new WatchedRow(root, (text) => this.say(text));
    this.viewer.flow.onState = (event) => {
      find(root, "[data-asleep]").hidden = !event.paused;
    };
    this.bind();
  }

  start(): void {
    this.viewer.start();
    this.row.start();
  }

  private bind(): void {
    const { one = "", room = "", id = "" } = this.root.dataset;
    const on = (selector: string, act: () => void): void => find(this.root, selector).addEventListener("click", act);
    for (const button of this.root.querySelectorAll("[data-keyboard], [data-give-back]")) {
      button.addEventListener("click", () => {
        const isHeld = this.hasKeyboard || this.row.keyboard === "asked";
        if (isHeld) this.row.keyboard = "none"; // so that its end is not taken for the learner's answer
        void this.do(`${one}keyboard/`, { action: isHeld ? "return" : "ask" }, isHeld ? "" : say("watch-asked"));
      });
    }
    on("[data-lower-hand]", () => void this.do(`${one}hand/`));
    for (const button of this.root.querySelectorAll<HTMLElement>("[data-sandbox]")) {
      button.addEventListener("click", () => void this.change(`${room}sandboxes/`, id, button.dataset["sandbox"] ?? ""));
    }
    const note = find<HTMLFormElement>(this.root, "[data-note]");
    note.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.send(note, `${room}notes/`, id);
    });
  }

  private async change(url: string, to: string, action: string): Promise<void> {
    if (action !== "extend" && !(await this.isMeant(action))) return;
    const answer = await this.do(url, { to, action }, say(`sandbox-${action}`));
    const refused = answer && Array.isArray(answer["refused"]) ? (answer["refused"] as { error: string }[]) : [];
    if (refused[0]) this.say(refused[0].error);
  }

  private isMeant(action: string): Promise<boolean> {
    const dialog = find<HTMLDialogElement>(this.root, `[data-confirm="${action}"]`);
    dialog.returnValue = "no";
    dialog.showModal();
    return new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true }));
  }

  private async send(form: HTMLFormElement, url: string, to: string): Promise<void> {
    const data = new FormData(form);
    const text = String(data.get("text") ?? "");
    const hint = data.get("hint") ? "yes" : "no";
    // What could not be sent stays in the field.
    if (await this.do(url, { to, text, hint }, say("watch-sent"))) form.reset();
  }

  private async do(url: string, form: Record<string, string> = {}, done = ""): Promise<Answer | null> {
    const answer = await post(url, this.root.dataset["csrf"] ?? "", form);
    this.say(typeof answer === "string" ? answer : done);
    return typeof answer === "string" ? null : answer;
  }

  private keyboard(granted: boolean): void {
    const hadIt = this.hasKeyboard;
    this.hasKeyboard = granted;
    find(this.root, "[data-has-keyboard]").hidden = !granted;
    this.root.classList.toggle("has-keyboard", granted);
    this.row.showKeyboard(granted);
    if (granted) this.viewer.focus();
    this.say(granted ? say("watch-granted") : hadIt ? say("watch-returned") : "");
  }

  private say(text: string): void {
    setText(find(this.root, "[data-said]"), text);
  }
}
