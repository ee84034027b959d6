import { find, make } from "../dom.ts";
import { say } from "../strings.ts";
import type { Announcer } from "./announce.ts";
import { visible } from "./logs.ts";
import type { Served } from "./protocol.ts";

/** As `timeout` says it. */
const DID_NOT_END = 124;

/** What the customer in Rajwada got: step 5 of the flow, taken by another daemon than the learner's. */
export class Customer {
  private readonly box: HTMLElement;
  private newest: string | null = null;

  constructor(
    pane: HTMLElement,
    private readonly announcer: Announcer,
  ) {
    this.box = find(pane, "[data-served]");
  }

  /** Show these, newest first; return whether the customer got one since the last time. */
  show(runs: readonly Served[]): boolean {
    const [newest] = runs;
    const before = this.newest;
    this.newest = newest?.pushed_at ?? "";
    if (this.newest === before) return false;
    find(this.box, "[data-served-list]").replaceChildren(...runs.map(slip));
    this.box.hidden = runs.length === 0;
    if (before === null || !newest) return false;
    this.announcer.say(say("served", { image: newest.image, end: endOf(newest) }));
    return true;
  }
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
