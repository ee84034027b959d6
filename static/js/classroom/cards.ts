import { find, make } from "../dom.ts";
import { say } from "../strings.ts";
import { moment } from "../workspace/moments.ts";
import { post } from "./post.ts";
import type { ClassroomFrame, NoteFacts } from "./protocol.ts";

type Watcher = ClassroomFrame["watchers"][number];

/** What wants the learner's answer: a question for the keyboard, the way to take it back, and notes that are not read. */
export class Cards {
  /** By key: what is shown stays the same element, so that the keyboard stays where it is. */
  private readonly shown = new Map<string, HTMLElement>();

  constructor(
    private readonly box: HTMLElement,
    private readonly url: string,
    private readonly csrf: string,
  ) {}

  show({ watchers, notes, now }: ClassroomFrame): void {
    const wanted = new Map<string, () => HTMLElement>();
    for (const one of watchers) {
      if (one.keyboard === "asked") wanted.set(`asked ${one.id}`, () => this.question(one));
      if (one.keyboard === "granted") wanted.set(`granted ${one.id}`, () => this.granted(one));
    }
    for (const note of notes) wanted.set(`note ${note.id}`, () => this.note(note, Date.parse(now)));
    for (const [key, card] of this.shown) if (!wanted.has(key)) this.drop(key, card);
    for (const [key, draw] of wanted) {
      if (this.shown.has(key)) continue;
      const card = draw();
      this.shown.set(key, card);
      find(this.box, card.classList.contains("is-note") ? "[data-notes]" : "[data-questions]").append(card);
    }
  }

  private question({ id, name }: Watcher): HTMLElement {
    const card = make("div", "classroom-card is-question");
    card.append(make("p", "classroom-card-text", say("asks-to-type", { name })));
    card.append(this.buttons([say("let-them"), "button button-small", () => this.answer(id, "grant")],
      [say("do-not-let"), "button-quiet button-small", () => this.answer(id, "refuse")]));
    return card;
  }

  private granted({ id, name }: Watcher): HTMLElement {
    const card = make("div", "classroom-card is-granted");
    card.append(make("p", "classroom-card-text", say("can-type", { name })));
    card.append(this.buttons([say("take-back"), "button button-small", () => this.answer(id, "return")]));
    return card;
  }

  private note({ id, from, text, hint, sent_at }: NoteFacts, now: number): HTMLElement {
    const card = make("article", `classroom-card is-note${hint ? " is-hint" : ""}`);
    const head = make("p", "classroom-card-head");
    head.append(make("strong", "", say(hint ? "hint-from" : "note-from", { name: from })), make("time", "", moment(Date.parse(sent_at), now)));
    card.append(head, make("p", "classroom-card-text", text));
    card.append(this.buttons([say("got-it"), "button-quiet button-small", () => post(`${this.url}notes/read/`, this.csrf, { ids: String(id) })]));
    return card;
  }

  private answer(watch: number, action: string): Promise<unknown> {
    return post(`${this.url}keyboard/${watch}/`, this.csrf, { action });
  }

  private buttons(...all: readonly [text: string, look: string, act: () => Promise<unknown>][]): HTMLElement {
    const row = make("div", "button-row");
    for (const [text, look, act] of all) {
      const button = make("button", look, text);
      button.type = "button";
      button.addEventListener("click", () => void this.press(button, act));
      row.append(button);
    }
    return row;
  }

  /** The card goes with the next frame; if the server did not hear, the reason is said beside the button. */
  private async press(button: HTMLButtonElement, act: () => Promise<unknown>): Promise<void> {
    button.disabled = true;
    const answer = await act();
    button.disabled = false;
    if (typeof answer === "string") button.parentElement?.append(make("span", "classroom-card-error", answer));
  }

  private drop(key: string, card: HTMLElement): void {
    const hadFocus = card.contains(document.activeElement);
    card.remove();
    this.shown.delete(key);
    if (hadFocus) (this.box.querySelector<HTMLElement>("button") ?? this.box).focus();
  }
}
