import { find, make, setText } from "../dom.ts";
import { say } from "../strings.ts";
import { timeOfDay, visible } from "./logs.ts";
import type { Announcer } from "./announce.ts";
import type { FlowEvent } from "./protocol.ts";

const KEEP_GROUPS = 40;
const KEEP_ROWS = 60;

/** Whether an event begins another command's story: the server numbers the commands. */
export function beginsGroup(last: FlowEvent | null, event: FlowEvent): boolean {
  return !last || event.order !== last.order;
}

/** The flow as a strip of the five steps, lit by the last command, and the calls below it, command by command. */
export class FlowPane {
  private readonly strip: HTMLElement;
  private readonly list: HTMLElement;
  private last: FlowEvent | null = null;
  private rows: HTMLElement | null = null;

  constructor(
    private readonly pane: HTMLElement,
    private readonly announcer: Announcer,
  ) {
    this.strip = find(pane, "[data-steps]");
    this.list = find(pane, "[data-calls]");
  }

  add(event: FlowEvent): void {
    if (beginsGroup(this.last, event)) this.begin(event);
    this.last = event;
    this.light(event);
    this.rows?.append(row(event));
    if ((this.rows?.children.length ?? 0) > KEEP_ROWS) this.rows?.firstElementChild?.remove();
    find(this.pane, "[data-empty]").hidden = true;
  }

  clear(): void {
    this.last = null;
    this.rows = null;
    this.darken();
    this.list.replaceChildren();
    find(this.pane, "[data-empty]").hidden = false;
  }

  private begin(event: FlowEvent): void {
    this.darken();
    const group = make("li", "flow-group");
    this.rows = make("ol", "flow-rows");
    const name = !event.command ? say("flow-other") : event.command === "curl" ? "curl" : `docker ${event.command}`;
    group.append(make("h3", "flow-command", name), this.rows);
    this.list.prepend(group);
    while (this.list.children.length > KEEP_GROUPS) this.list.lastElementChild?.remove();
  }

  /** Light a step; return whether it was dark. */
  lightStep(number: number): boolean {
    const step = this.strip.querySelector<HTMLElement>(`[data-step="${number}"]`);
    if (!step || step.classList.contains("is-lit")) return false;
    step.classList.add("is-lit");
    setText(find(step, "[data-lit]"), say("flow-lit"));
    return true;
  }

  private light(event: FlowEvent): void {
    if (!this.lightStep(event.step)) return;
    for (const place of [event.from, event.to]) this.place(place)?.classList.add("is-lit");
    this.announcer.say(say("flow-step", { step: event.step, text: event.text }));
  }

  private darken(): void {
    for (const lit of this.pane.querySelectorAll(".flow-strip .is-lit")) lit.classList.remove("is-lit");
    for (const note of this.strip.querySelectorAll("[data-lit]")) note.textContent = "";
  }

  private place(name: string): HTMLElement | undefined {
    const places = this.pane.querySelectorAll<HTMLElement>("[data-place]");
    return [...places].find((place) => place.dataset["place"] === name);
  }
}

function row(event: FlowEvent): HTMLElement {
  const item = make("li", "flow-row");
  const time = make("time", "flow-time", timeOfDay(event.at));
  time.dateTime = event.at;
  const way = make("span", "flow-way");
  way.append(place(event.from), " → ", place(event.to));
  const outcome = [event.status, event.ms === null ? null : `${event.ms} ms`].filter((part) => part !== null);
  item.append(time, make("span", "flow-number", String(event.step)), way, make("code", "flow-call", visible(event.call)));
  if (outcome.length) item.append(make("span", "flow-outcome", outcome.join(" · ")));
  item.append(make("span", "flow-text", event.text));
  return item;
}

/** Return a place's name, which the story switch changes with the rest of the page. */
function place(name: string): DocumentFragment {
  const both = document.createDocumentFragment();
  const plain = say(`place-${name}`) || name;
  both.append(make("span", "plain", plain), make("span", "story", say(`story-${name}`) || plain));
  return both;
}
