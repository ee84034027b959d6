import { find, setText } from "../../dom.ts";
import { say } from "../../strings.ts";
import type { Announcer } from "../announce.ts";
import { tongueNow } from "./lanes.ts";
import type { FlowPane } from "./pane.ts";
import { Playhead, schedule } from "./playhead.ts";
import type { Recording, Stop } from "./recording.ts";
import { Stage, type Scenery } from "./stage.ts";
import { duration } from "./words.ts";

/** A page that was hidden for a minute does not leap a minute ahead. */
const LONGEST_TICK = 100;

/** The bar with which a command, or the whole session, is seen again. */
export class Replay {
  private readonly bar: HTMLElement;
  private readonly scrubber: HTMLInputElement;
  private readonly stage: Stage;
  private stops: readonly Stop[] = [];
  private head = new Playhead([]);
  private frame = 0;
  private last = 0;
  private opener: HTMLElement | null = null;

  constructor(
    panel: HTMLElement,
    private readonly recording: Recording,
    private readonly pane: FlowPane,
    private readonly announcer: Announcer,
  ) {
    this.bar = find(panel, "[data-replay]");
    this.scrubber = find<HTMLInputElement>(this.bar, "[data-scrubber]");
    this.stage = new Stage(panel, pane.strip);
    panel.addEventListener("click", ({ target }) => {
      const button = target instanceof Element ? target.closest<HTMLElement>("[data-again], [data-replay-all]") : null;
      const group = button?.closest<HTMLElement>("[data-order]");
      if (button) this.open(group ? Number(group.dataset["order"]) : null, button);
    });
    this.bind();
  }

  set scenery(scenery: Scenery) {
    this.stage.scenery = scenery;
  }

  get isOpen(): boolean {
    return !this.bar.hidden;
  }

  open(order: number | null, opener: HTMLElement | null = null): void {
    const stops = this.recording.stops(order);
    if (!stops.length) return;
    this.opener = this.isOpen ? this.opener : opener;
    this.bar.hidden = false;
    this.stops = stops;
    this.head = new Playhead(schedule(stops.map((stop) => stop.at)));
    this.head.speed = Number(find<HTMLSelectElement>(this.bar, "[data-speed]").value) || 1;
    this.scrubber.max = String(stops.length - 1);
    this.pane.hold(true);
    this.stage.begin(stops);
    this.play();
    find(this.bar, "[data-play]").focus();
  }

  close(): void {
    if (!this.isOpen) return;
    this.pause();
    this.bar.hidden = true;
    this.stops = [];
    this.stage.end();
    this.pane.hold(false);
    if (this.opener?.isConnected) this.opener.focus();
  }

  private bind(): void {
    const press = (name: string, act: () => void): void => find(this.bar, name).addEventListener("click", act);
    press("[data-play]", () => (this.head.isPlaying ? this.pause() : this.play()));
    press("[data-previous]", () => this.step(this.head.index - 1));
    press("[data-next]", () => this.step(this.head.index + 1));
    press("[data-live]", () => this.close());
    this.scrubber.addEventListener("input", () => this.seek(Number(this.scrubber.value)));
    const speed = find<HTMLSelectElement>(this.bar, "[data-speed]");
    speed.addEventListener("change", () => (this.head.speed = Number(speed.value)));
    this.bar.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.close();
    });
  }

  private play(): void {
    this.head.play();
    this.last = performance.now();
    this.draw();
    this.wait();
  }

  private pause(): void {
    this.head.pause();
    cancelAnimationFrame(this.frame);
    this.draw();
  }

  private seek(index: number): void {
    this.head.pause();
    this.head.seek(index);
    this.draw();
  }

  /** A press of a button is told to those who do not see what it does; the scrubber tells it by itself. */
  private step(index: number): void {
    this.seek(index);
    this.announcer.say(this.scrubber.getAttribute("aria-valuetext") ?? "");
  }

  private wait(): void {
    cancelAnimationFrame(this.frame);
    if (this.head.isPlaying) this.frame = requestAnimationFrame((now) => this.tick(now));
  }

  private tick(now: number): void {
    this.head.pass(Math.max(0, Math.min(LONGEST_TICK, now - this.last)));
    this.last = now;
    this.draw();
    this.wait();
  }

  private draw(): void {
    const { index, isPlaying } = this.head;
    this.stage.show(index);
    const place = { at: index + 1, all: this.stops.length };
    const since = (this.stops[index]?.at ?? 0) - (this.stops[0]?.at ?? 0);
    this.scrubber.value = String(index);
    this.scrubber.setAttribute("aria-valuetext", say("replay-at", { ...place, what: this.stage.what(index, tongueNow()) }));
    setText(find(this.bar, "[data-place]"), say("replay-place", place));
    setText(find(this.bar, "[data-since]"), say("replay-since", { time: duration(since) }));
    const play = find(this.bar, "[data-play]");
    play.setAttribute("aria-label", say(isPlaying ? "replay-pause" : "replay-play"));
    play.dataset["play"] = isPlaying ? "pause" : "play";
  }
}
