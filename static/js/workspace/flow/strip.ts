import { find, setText } from "../../dom.ts";
import { say } from "../../strings.ts";
import type { Command } from "./story.ts";

/** The five steps: those that the shown command took are lit. */
export class Strip {
  private shown: Command | null = null;

  constructor(private readonly root: HTMLElement) {}

  /** Show a command's steps; return which of them were dark. */
  show(command: Command | null): readonly number[] {
    if (command !== this.shown) this.darken();
    this.shown = command;
    const events = command?.arrows.map((arrow) => arrow.event) ?? [];
    const outcomes = events.filter((event) => event.step === 2).map((event) => event.outcome);
    // What was missing is there once it is fetched: the miss is the news.
    const outcome = ["miss", "hit"].find((word) => outcomes.includes(word));
    const note = this.root.querySelector("[data-outcome]");
    if (note) setText(note, outcome ? say(`outcome-${outcome}`) : "");
    return [...new Set(events.map((event) => event.step))].filter((step) => this.light(step));
  }

  /** Light a step; return whether it was dark. */
  light(number: number): boolean {
    const step = this.root.querySelector<HTMLElement>(`[data-step="${number}"]`);
    if (!step || step.classList.contains("is-lit")) return false;
    step.classList.add("is-lit");
    setText(find(step, "[data-lit]"), say("flow-lit"));
    return true;
  }

  private darken(): void {
    for (const lit of this.root.querySelectorAll(".is-lit")) lit.classList.remove("is-lit");
    for (const note of this.root.querySelectorAll("[data-lit]")) note.textContent = "";
  }
}
