import { find, setText } from "../../dom.ts";
import { Frame } from "../../frame.ts";
import { say } from "../../strings.ts";
import type { FlowEvent, Objects } from "../protocol.ts";
import { changesOf } from "./changes.ts";
import { Cursor } from "./cursor.ts";
import { Details, type Doors } from "./details.ts";
import { EMPTY } from "./fold.ts";
import { bindGestures } from "./gestures.ts";
import { Scene } from "./scene.ts";
import { allThings, keysOf, objectOf } from "./things.ts";
import { Travels } from "./travels.ts";

interface Options extends Doors {
  announce(text: string): void;
}

/** The bazaar as the daemon has it: always the true state, drawn when it changes. */
export class BazaarMap {
  onHover: (object: string | null) => void = () => undefined;
  private readonly stage: HTMLElement;
  private readonly scene: Scene;
  private readonly travels: Travels;
  private readonly details: Details;
  private readonly cursor: Cursor;
  private objects: Objects = EMPTY;
  /** Whether the next change is news: the first state is none. */
  private tells = false;
  private isReplay = false;
  private lit: ReadonlySet<string> = new Set();
  /** Images that were brought to the registry or from there. */
  private readonly seen = new Set<string>();
  private chosen: string | null = null;
  private hovered: string | null = null;
  private readonly frame = new Frame(() => this.draw());

  constructor(
    private readonly panel: HTMLElement,
    private readonly options: Options,
  ) {
    this.stage = find(panel, "[data-stage]");
    const ways = this.stage.querySelector<SVGElement>("[data-ways]");
    if (!ways) throw new Error("The page has no [data-ways].");
    this.scene = new Scene(find(panel, "[data-testid=map]"));
    this.travels = new Travels(find(panel, "[data-loads]"), ways, (key) => this.scene.boxOf(key));
    this.details = new Details(find(panel, "[data-details]"), options);
    this.cursor = new Cursor(() => this.scene.chooseable(), (key) => this.scene.face(key));
    this.bind();
    new ResizeObserver(() => this.resized()).observe(this.stage);
  }

  /** Show the daemon's state, or that of another moment when replaying; return whether it is another than before. */
  show(objects: Objects): boolean {
    const { containers, images, networks, volumes } = objects;
    const change = this.tells ? changesOf(this.objects, objects) : "";
    this.objects = { containers, images, networks, volumes };
    this.setKnown(true);
    this.tells = true;
    if (change && this.isSeen && !this.isReplay) this.options.announce(change);
    this.refresh();
    return change !== "";
  }

  /** Let an order or a delivery go its way. */
  move(event: FlowEvent): void {
    const isThere = event.status === null || event.status < 400;
    if (isThere && (event.from === "registry" || event.to === "registry")) event.objects?.forEach((one) => this.seen.add(one));
    if (this.isSeen) this.travels.send(event, this.objects);
  }

  /** Light what a command touched: ids of containers, names of the rest; an empty set lights nothing. */
  light(objects: ReadonlySet<string>): void {
    this.lit = objects;
    this.refresh();
  }

  /** Say whether this is another moment than now. What changes in between is not told as news. */
  replaying(isReplay: boolean): void {
    this.isReplay = isReplay;
    this.tells = false;
    this.panel.dataset["replay"] = String(isReplay);
    setText(find(this.panel, "[data-badge]"), say(isReplay ? "map-replay" : "map-live"));
  }

  clear(): void {
    this.objects = EMPTY;
    this.setKnown(false);
    this.tells = false;
    this.lit = new Set();
    this.seen.clear();
    this.scene.forget();
    this.travels.clear();
    this.close();
    this.refresh();
  }

  /** Draw anew in the next frame: of many changes only the last is drawn. */
  refresh(): void {
    this.frame.request();
  }

  /** Until the daemon has told, the map must not say that there is nothing. */
  private setKnown(isKnown: boolean): void {
    this.panel.dataset["known"] = String(isKnown);
  }

  private get isSeen(): boolean {
    return this.stage.clientWidth > 0 && !document.hidden;
  }

  /** A hidden panel has no width: it is drawn when it is shown. */
  private draw(): void {
    if (this.stage.clientWidth === 0) return;
    const wasFocused = this.stage.contains(document.activeElement);
    const gone = this.scene.draw(this.objects, this.stage.clientWidth, this.panel.clientHeight);
    this.cursor.settle(wasFocused && !this.stage.contains(document.activeElement));
    if (this.chosen && gone.includes(this.chosen)) this.close(this.panel.contains(document.activeElement));
    if (this.hovered && gone.includes(this.hovered)) this.hover(null);
    const lit = keysOf(this.lit, this.objects);
    for (const [key, face] of this.scene.faces) face.classList.toggle("is-lit", lit.has(key));
    this.scene.connect(this.hovered, this.objects);
    this.count();
    if (this.chosen) this.open(this.chosen);
  }

  private count(): void {
    const { containers, images } = this.objects;
    const running = containers.filter(({ state }) => state === "running").length;
    const text = say("map-count", { containers: containers.length, running, images: images.length });
    setText(find(this.panel, "[data-count]"), text);
  }

  /** While the width changes, things keep to their places without gliding there. */
  private resized(): void {
    this.panel.classList.add("is-resized");
    this.frame.now();
    requestAnimationFrame(() => requestAnimationFrame(() => this.panel.classList.remove("is-resized")));
  }

  private bind(): void {
    bindGestures(this.panel, this.stage, {
      choose: (key, isByKey) => {
        this.cursor.set(key);
        if (key === this.chosen) this.close();
        else this.open(key);
        if (isByKey && this.chosen) this.details.focus();
      },
      reach: (key) => this.cursor.set(key),
      point: (key) => this.hover(key),
      steer: (pressed, from) => this.cursor.press(pressed, from),
      close: () => {
        const isOpen = this.chosen !== null;
        this.close(true);
        return isOpen;
      },
    });
  }

  private hover(key: string | null): void {
    if (key === this.hovered) return;
    this.hovered = key;
    this.scene.connect(key, this.objects);
    const thing = key === null ? undefined : allThings(this.objects).get(key);
    this.onHover(thing ? objectOf(thing) : null);
  }

  private open(key: string): void {
    const thing = allThings(this.objects).get(key);
    const isNew = this.chosen !== key;
    if (isNew) this.mark(key);
    if (thing) this.details.show(thing, this.objects);
    else this.details.showPlace(key.slice("place:".length), this.objects, [...this.seen]);
    // The details take room from the picture.
    if (isNew) this.scene.face(key)?.scrollIntoView({ block: "nearest" });
  }

  private close(returnsFocus = false): void {
    const key = this.chosen;
    this.mark(null);
    this.details.close();
    if (key && returnsFocus) (this.scene.face(key) ? this.cursor.go(key) : this.cursor.settle(true));
  }

  private mark(key: string | null): void {
    if (this.chosen) this.scene.face(this.chosen)?.setAttribute("aria-expanded", "false");
    if (key) this.scene.face(key)?.setAttribute("aria-expanded", "true");
    this.chosen = key;
  }
}
