import { find, make } from "../dom.ts";
import { say } from "../strings.ts";
import type { Announcer } from "./announce.ts";
import { visible } from "./logs.ts";
import type { Served } from "./protocol.ts";

/** As `timeout` says it. */
const DID_NOT_END = 124;

/** What the customer in Rajwada got: step 5 of the flow, taken by another daemon than the learner's. */
export class Customer {
  private readonly box: HTMLDetailsElement;
  private known: readonly string[] | null = null;

  constructor(
    pane: HTMLElement,
    private readonly announcer: Announcer,
  ) {
    this.box = find<HTMLDetailsElement>(pane, "[data-served]");
  }

  /** Show these, newest first; return whether the customer got one since the last time. */
  show(runs: readonly Served[]): boolean {
    const before = this.known;
    this.known = runs.map((run) => run.pushed_at);
    if (before?.join() === this.known.join()) return false;
    find(this.box, "[data-served-list]").replaceChildren(...runs.map(slip));
    this.box.hidden = runs.length === 0;
    const come = newcomers(before, runs);
    if (come.length) this.box.open = true;
    for (const run of come) this.announcer.say(say("served", { image: run.image, end: endOf(run) }));
    return come.length > 0;
  }
}

/** Return those that are news to a page that knew of some; what there was when it opened is none. */
export function newcomers(known: readonly string[] | null, runs: readonly Served[]): readonly Served[] {
  return known ? runs.filter((run) => !known.includes(run.pushed_at)) : [];
}

function slip(run: Served): HTMLElement {
  const item = make("li", "flow-slip");
  const line = make("p", "flow-row");
  line.append(make("code", "flow-call", visible(run.image)), make("span", "flow-outcome", endOf(run)));
  const output = make("pre", "flow-dish", visible(run.output.trimEnd()) || say("served-nothing"));
  output.tabIndex = 0;
  item.append(line, output);
  return item;
}

function endOf({ code }: Served): string {
  if (code === 0) return say("served-well");
  return code === DID_NOT_END ? say("served-endless") : say("served-ended", { code });
}
