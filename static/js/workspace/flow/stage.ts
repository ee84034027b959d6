import { find, make } from "../../dom.ts";
import { say } from "../../strings.ts";
import { visible } from "../logs.ts";
import type { AnswerEvent, FlowEvent, Objects } from "../protocol.ts";
import { inBoth, laneName, type Tongue } from "./lanes.ts";
import type { Stop } from "./recording.ts";
import { Scene } from "./scene.ts";
import { bringIntoSight } from "./sight.ts";
import { inWords } from "./statuses.ts";
import { Story, type Command } from "./story.ts";
import type { Strip } from "./strip.ts";
import { duration } from "./words.ts";

/** The map, as far as a replay has to do with it. */
export interface Scenery {
  show(objects: Objects): void;
  move(event: FlowEvent): void;
  replaying(isReplay: boolean): void;
}

/** Where a replay is shown: the sequence up to a stop, the sentence of that stop, and the map at that time. */
export class Stage {
  scenery: Scenery | null = null;
  private readonly story = new Story();
  private readonly scene: Scene;
  private readonly list: HTMLElement;
  private stops: readonly Stop[] = [];
  private at = -1;

  constructor(
    private readonly panel: HTMLElement,
    private readonly strip: Strip,
  ) {
    this.list = find(panel, "[data-stage]");
    this.scene = new Scene(this.list);
  }

  begin(stops: readonly Stop[]): void {
    this.stops = stops;
    this.list.hidden = false;
    this.scenery?.replaying(true);
    this.rewind();
  }

  end(): void {
    this.rewind();
    this.list.hidden = true;
    this.scenery?.replaying(false);
  }

  show(index: number): void {
    const stop = this.stops[index];
    if (!stop || index === this.at) return;
    const isNext = index === this.at + 1;
    if (index < this.at) this.rewind();
    const changed = new Set<Command>();
    for (const { event } of this.stops.slice(this.at + 1, index + 1)) {
      const command = event.type === "flow" ? this.story.add(event) : this.story.answer(event);
      if (command) changed.add(command);
    }
    this.at = index;
    this.scene.draw(this.story, changed);
    this.strip.show(this.story.of(stop.event.order));
    this.mark(stop);
    this.scenery?.show(stop.objects);
    if (isNext && stop.event.type === "flow") this.scenery?.move(stop.event);
  }

  /** Return what happens at a stop: who asks or answers whom, and what. */
  what(index: number, tongue: Tongue): string {
    const call = this.call(index);
    const event = this.stops[index]?.event;
    if (!call || !event) return event?.type === "answer" ? inWords(event.status) : "";
    const [from, to] = [laneName(call.from, tongue), laneName(call.to, tongue)];
    if (event.type === "answer") return `${to} → ${from} ${inWords(event.status)}`;
    return `${from} → ${to} ${visible(call.call)}`;
  }

  private mark({ event }: Stop): void {
    const call = this.call(this.at);
    const row = call && this.scene.rowOf(call);
    for (const last of this.list.querySelectorAll(".is-now")) if (last !== row) last.classList.remove("is-now");
    row?.classList.add("is-now");
    if (row) bringIntoSight(find(this.panel, "[data-scroller]"), row);
    find(this.panel, "[data-what]").replaceChildren(inBoth((tongue) => this.what(this.at, tongue)));
    find(this.panel, "[data-now]").replaceChildren(...(event.type === "flow" ? [visible(event.text)] : answered(event)));
  }

  /** Return the call that a stop is about: itself, or what it answers. */
  private call(index: number): FlowEvent | undefined {
    const event = this.stops[index]?.event;
    if (event?.type !== "answer") return event;
    const before = this.stops.slice(0, index).map((stop) => stop.event);
    return before.filter((asked): asked is FlowEvent => asked.type === "flow" && asked.key === event.key).at(-1);
  }

  private rewind(): void {
    this.story.clear();
    this.scene.clear();
    this.at = -1;
  }
}

function answered({ status, ms, error }: AnswerEvent): (Node | string)[] {
  const words = say("replay-answered", { status: inWords(status), time: duration(ms) });
  return error ? [words, make("span", "flow-error", visible(error))] : [words];
}
