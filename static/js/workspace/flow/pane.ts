import { find } from "../../dom.ts";
import { Frame } from "../../frame.ts";
import { say } from "../../strings.ts";
import type { Announcer } from "../announce.ts";
import { visible } from "../logs.ts";
import type { AnswerEvent, FlowEvent } from "../protocol.ts";
import { lightWithin, type Spotlight } from "../spotlight.ts";
import type { Group } from "./group.ts";
import { Scene } from "./scene.ts";
import { bringIntoSight, follow } from "./sight.ts";
import { Story, type Command } from "./story.ts";
import { Strip } from "./strip.ts";
import { titleOf } from "./words.ts";

/** The sequence: the five steps, lit by the command that is shown, and below them the calls, command by command. */
export class FlowPane {
  readonly strip: Strip;
  /** Told what a command is called, once that is known. */
  onTitle: (order: number, title: string) => void = () => undefined;
  private readonly story = new Story();
  private readonly scene: Scene;
  private readonly scroller: HTMLElement;
  private readonly list: HTMLElement;
  private readonly changed = new Set<Command>();
  private shown: Command | null = null;
  private newest: Command | null = null;
  private elsewhere: { command: Command | null; step: number } | null = null;
  private readonly frame = new Frame(() => this.draw());
  private isHeld = false;

  constructor(
    private readonly panel: HTMLElement,
    private readonly announcer: Announcer,
    private readonly spotlight: Spotlight,
  ) {
    this.strip = new Strip(find(panel, "[data-steps]"));
    this.scroller = find(panel, "[data-scroller]");
    this.list = find(panel, "[data-calls]");
    this.scene = new Scene(this.list, (group) => this.turnTo(group));
    spotlight.onChange((lit) => lightWithin(panel, lit));
  }

  add(event: FlowEvent): void {
    this.change(this.story.add(event));
  }

  answer(event: AnswerEvent): void {
    this.change(this.story.answer(event));
  }

  /** Light a step that another daemon took; return whether it was dark. */
  lightStep(number: number): boolean {
    // What is yet to be drawn would put it out again.
    this.frame.now();
    this.elsewhere = { command: this.newest, step: number };
    return this.isHeld || this.strip.light(number);
  }

  /** Open a past command, and bring it into view. */
  show(order: number): void {
    const group = this.scene.of(this.story.of(order));
    if (!group) return;
    group.isHandled = true;
    group.open(true);
    this.turnTo(group);
    bringIntoSight(this.scroller, group.item);
  }

  /** While a replay is shown, what happens is kept, and not drawn. */
  hold(isHeld: boolean): void {
    this.isHeld = isHeld;
    this.list.hidden = isHeld;
    if (isHeld) return;
    this.frame.now();
    this.turn();
  }

  clear(): void {
    this.story.clear();
    this.scene.clear();
    this.changed.clear();
    this.shown = this.newest = this.elsewhere = null;
    this.strip.show(null);
    this.showEmpty();
  }

  private change(command: Command | null): void {
    if (!command) return;
    this.changed.add(command);
    // However many calls there are, the page changes once in a frame.
    this.frame.request();
  }

  private draw(): void {
    if (this.isHeld || !this.changed.size) return;
    const [newest = null] = this.story.commands;
    follow(this.scroller, this.list.querySelector(".flow-group"), () => this.scene.draw(this.story, this.changed));
    if (newest !== this.newest) this.shown = this.newest = newest;
    for (const command of this.changed) if (command.line || command.name) this.onTitle(command.order, titleOf(command));
    this.changed.clear();
    this.showSteps();
    this.showEmpty();
  }

  private turnTo(group: Group): void {
    this.shown = group.isOpen ? group.command : this.newest;
    this.spotlight.pin(group.isOpen ? group.command.order : null);
    this.turn();
  }

  /** Light the steps of the shown command, as they were. */
  private turn(): void {
    this.strip.show(this.shown);
    if (this.elsewhere && this.elsewhere.command === this.shown) this.strip.light(this.elsewhere.step);
  }

  private showSteps(): void {
    const lit = this.strip.show(this.shown);
    const events = this.shown?.arrows.map((arrow) => arrow.event) ?? [];
    for (const step of lit) {
      const text = events.find((event) => event.step === step)?.text ?? "";
      this.announcer.say(say("flow-step", { step, text: visible(text) }));
    }
  }

  private showEmpty(): void {
    const isEmpty = this.story.commands.length === 0;
    find(this.panel, "[data-empty]").hidden = !isEmpty;
    find(this.panel, "[data-replay-all]").hidden = isEmpty;
  }
}
