import { find } from "../../dom.ts";
import type { Objects } from "../protocol.ts";
import { drawn, rem, set } from "./drawing.ts";
import { fill, newFace } from "./faces.ts";
import { planOf, type Box, type Plan } from "./plan.ts";
import type { Seats } from "./seats.ts";
import { allThings, kinOf } from "./things.ts";

/** Below this height a panel is low. map.css says the same. */
const LOW = 352;

/** The drawn picture: one element for each thing, kept while the thing is there, and where it stands. */
export class Scene {
  readonly faces = new Map<string, HTMLElement>();
  readonly places = new Map<string, HTMLElement>();
  private plan: Plan | null = null;
  private seats: Seats = new Map();
  private readonly streets: HTMLElement;
  private readonly threads: SVGElement;

  constructor(private readonly root: HTMLElement) {
    this.streets = find(root, "[data-streets]");
    this.threads = root.querySelector<SVGElement>("[data-threads]") ?? drawn("path");
    for (const place of root.querySelectorAll<HTMLElement>("[data-place]")) {
      this.places.set(`place:${place.dataset["place"]}`, place);
    }
  }

  /** Draw this in so many pixels of width, in a panel of some height; return the keys of things that are gone. */
  draw(objects: Objects, pixels: number, panelHeight: number): readonly string[] {
    const unit = parseFloat(getComputedStyle(document.documentElement).fontSize) / 16 || 1;
    const width = pixels / unit;
    const plan = planOf(objects, { width, isLow: panelHeight / unit < LOW }, this.seats);
    this.plan = plan;
    this.seats = plan.seats;
    const gone = this.drawThings(objects);
    this.drawGround(plan, width);
    return gone;
  }

  boxOf(key: string): Box | undefined {
    return this.plan?.boxes.get(key);
  }

  /** All that can be chosen, as it is read: places, then the market from above, then images and volumes. */
  chooseable(): ReadonlyMap<string, Box> {
    return new Map([...(this.plan?.boxes ?? [])].filter(([key]) => this.face(key)));
  }

  face(key: string): HTMLElement | undefined {
    return this.faces.get(key) ?? this.places.get(key);
  }

  /** Draw threads from a thing to all that belongs with it; none for null. */
  connect(key: string | null, objects: Objects): void {
    const kin = key ? kinOf(key, objects) : new Set<string>();
    for (const [other, face] of this.faces) face.classList.toggle("is-kin", kin.has(other));
    const from = key && this.boxOf(key);
    const ends = from ? [...kin].map((other) => this.boxOf(other)).filter((box) => box !== undefined) : [];
    set(this.threads, { d: ends.map((end) => (from ? thread(from, end) : "")).join("") });
  }

  forget(): void {
    this.seats = new Map();
  }

  private drawThings(objects: Objects): readonly string[] {
    const things = allThings(objects);
    const lanes = this.laneNames(objects);
    const gone = [...this.faces.keys()].filter((key) => !things.has(key));
    for (const key of gone) {
      this.faces.get(key)?.remove();
      this.faces.delete(key);
    }
    for (const [key, thing] of things) {
      const known = this.faces.get(key);
      const face = known ?? newFace(thing);
      fill(face, thing, objects, lanes);
      this.put(face, key);
      if (known) continue;
      this.faces.set(key, face);
      find(this.root, `[data-all="${thing.kind}"]`).append(face);
    }
    return gone;
  }

  /** The names of networks in the order in which they lie. */
  private laneNames({ networks }: Objects): readonly string[] {
    const row = this.seats.get("lanes") ?? [];
    return row.map((id) => networks.find((network) => network.id === id)?.name ?? "");
  }

  private drawGround(plan: Plan, width: number): void {
    set(this.root, { "data-size": plan.size, "data-card-size": plan.cardSize });
    this.root.style.setProperty("--map-height", rem(plan.height));
    this.root.style.setProperty("--map-sky", rem(plan.sky));
    for (const [key, place] of this.places) this.put(place, key);
    for (const line of this.root.querySelectorAll<HTMLElement>("[data-line]")) this.put(line, line.dataset["line"] ?? "");
    for (const svg of this.root.querySelectorAll("[data-ways]")) set(svg, { viewBox: `0 0 ${width} ${plan.height}` });
    const streets = [...plan.streets.values()];
    while (this.streets.children.length > streets.length) this.streets.lastElementChild?.remove();
    while (this.streets.children.length < streets.length) this.streets.append(document.createElement("div"));
    streets.forEach((box, index) => position(this.streets.children[index] as HTMLElement, box));
  }

  private put(element: HTMLElement, key: string): void {
    const box = this.boxOf(key);
    element.hidden = !box;
    if (box) position(element, box);
  }
}

function position(element: HTMLElement, { x, y, width, height }: Box): void {
  const style = `${rem(x)} ${rem(y)} ${rem(width)} ${rem(height)}`;
  if (element.dataset["at"] === style) return;
  element.dataset["at"] = style;
  element.style.transform = `translate(${rem(x)}, ${rem(y)})`;
  element.style.inlineSize = rem(width);
  element.style.blockSize = rem(height);
}

/** From edge to edge: what is written on either stays readable. */
function thread(from: Box, to: Box): string {
  const near = (x: number, box: Box): number => Math.min(Math.max(x, box.x + 6), box.x + box.width - 6);
  const y1 = middle(from)[1];
  const [wanted, y2] = middle(to);
  const x1 = near(wanted, from);
  const x2 = near(x1, to);
  return `M${x1} ${y1}Q${(x1 + x2) / 2} ${Math.max(y1, y2) + 18} ${x2} ${y2}`;
}

/** The middle of what is drawn: of a stall the picture, not the words below it. */
export function middle({ x, y, width, height }: Box): readonly [number, number] {
  return [x + width / 2, y + Math.min(height / 2, 48)];
}
