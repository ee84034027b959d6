import { make, setText } from "../../dom.ts";
import { say } from "../../strings.ts";
import { timeOfDay, visible } from "../logs.ts";
import { drawWay, inBoth } from "./lanes.ts";
import { inWords } from "./statuses.ts";
import { isRefused, msOf, statusOf, type Arrow } from "./story.ts";
import { duration, outcomeOf, outcomeWord, sentence } from "./words.ts";

/** One arrow: a line that opens to the plain call, its answer, and why it was made. */
export class ArrowRow {
  readonly item = make("li", "flow-row");
  private readonly details = make("details");
  private readonly said = make("span", "visually-hidden");
  private readonly outcome = make("span", "flow-outcome");
  private body: HTMLElement | null = null;
  private drawn: Arrow["answer"] | undefined;

  constructor(private readonly arrow: Arrow) {
    const summary = make("summary", "flow-line");
    const parts = [drawWay(arrow.event), make("code", "flow-call", visible(arrow.event.call)), this.outcome];
    for (const part of parts) part.setAttribute("aria-hidden", "true");
    summary.append(this.said, ...parts);
    this.details.append(summary);
    // Most arrows are never opened: what they hold is made when they are.
    this.details.addEventListener("toggle", () => this.open());
    this.item.append(this.details);
    const { step, from, to, outcome } = arrow.event;
    Object.assign(this.item.dataset, { taken: step, from, to, found: outcome });
    this.draw();
  }

  get isOpen(): boolean {
    return this.details.open;
  }

  draw(): void {
    if (this.drawn === this.arrow.answer) return;
    this.drawn = this.arrow.answer;
    markAnswer(this.item, [this.arrow]);
    this.said.replaceChildren(inBoth((tongue) => sentence(this.arrow, tongue)));
    setText(this.outcome, outcomeOf(this.arrow));
    if (this.body) this.fill(this.body);
  }

  private open(): void {
    if (!this.details.open || this.body) return;
    this.body = make("div", "flow-body");
    this.fill(this.body);
    this.details.append(this.body);
  }

  private fill(body: HTMLElement): void {
    const { event } = this.arrow;
    const facts = make("dl", "flow-facts");
    facts.append(...fact("flow-call-name", make("code", "flow-whole", visible(event.call))));
    facts.append(...fact("flow-answer-name", this.answer()));
    const time = make("time", "", timeOfDay(event.at));
    time.dateTime = event.at;
    facts.append(...fact("flow-time-name", time));
    body.replaceChildren(make("p", "flow-text", visible(event.text)), facts);
  }

  private answer(): HTMLElement {
    const [status, ms] = [statusOf(this.arrow), msOf(this.arrow)];
    const words = status === null ? outcomeWord(this.arrow.event.outcome) : inWords(status);
    const answer = make("span", "flow-whole", words || say(this.arrow.event.key === null ? "flow-no-answer" : "flow-unanswered"));
    if (ms !== null) answer.append(say("flow-after", { time: duration(ms) }));
    const error = this.arrow.answer?.error;
    if (error) answer.append(make("span", "flow-error", visible(error)));
    return answer;
  }
}

/** The style draws the answer as an arrow back, and what was refused in another colour and with a cross. */
export function markAnswer(item: HTMLElement, arrows: readonly Arrow[]): void {
  const answered = arrows.some((arrow) => statusOf(arrow) !== null);
  item.dataset["answer"] = !answered ? "" : arrows.some(isRefused) ? "refused" : "given";
}

function fact(name: string, value: HTMLElement): [HTMLElement, HTMLElement] {
  const description = make("dd");
  description.append(value);
  return [make("dt", "", say(name)), description];
}
