import type { FlowEvent, Lane, Objects } from "../protocol.ts";
import { drawn, picture, rem } from "./drawing.ts";
import { legsOf, stationsOf, type Leg } from "./legs.ts";
import type { Box } from "./plan.ts";
import { middle } from "./scene.ts";

/** Of a flood of calls no more than these are on their way at once; the rest is not drawn. */
const IN_FLIGHT = 12;
const TRAVEL = 800;
const GLOW = 1_600;

/** Orders and deliveries on their way. Nothing moves when nothing is called. */
export class Travels {
  private count = 0;
  private readonly still = matchMedia("(prefers-reduced-motion: reduce)");

  constructor(
    private readonly layer: HTMLElement,
    private readonly ways: SVGElement,
    private readonly boxOf: (key: string) => Box | undefined,
  ) {}

  send(event: FlowEvent, objects: Objects): void {
    const legs = legsOf(event);
    if (!legs.length || this.count >= IN_FLIGHT || document.hidden) return;
    this.count += 1;
    const point = (lane: Lane): Point => this.pointOf(stationsOf(lane, event.objects ?? [], objects));
    void this.go(legs, point).finally(() => (this.count -= 1));
  }

  clear(): void {
    this.layer.replaceChildren();
  }

  private async go(legs: readonly Leg[], point: (lane: Lane) => Point): Promise<void> {
    for (const leg of this.still.matches ? legs.slice(0, 1) : legs) {
      const [from, to] = [point(leg.from), point(leg.to)];
      const animation = this.still.matches ? this.glow(from, to) : this.carry(leg, from, to);
      // An animation whose element is taken away is over, too.
      await animation.finished.catch(() => undefined);
    }
  }

  private carry(leg: Leg, from: Point, to: Point): Animation {
    const load = picture(`map-${leg.carries}`, "map-load");
    this.layer.append(load);
    const at = ({ x, y }: Point): string => `translate(${rem(x)}, ${rem(y)})`;
    const frames = [
      { transform: `${at(from)} scale(0.6)`, opacity: 0.2 },
      { transform: `${at(from)} scale(1)`, opacity: 1, offset: 0.12 },
      { transform: `${at(to)} scale(1)`, opacity: 1, offset: 0.9 },
      { transform: `${at(to)} scale(0.6)`, opacity: 0 },
    ];
    return this.passing(load, frames, { duration: TRAVEL, easing: "ease-in-out" });
  }

  /** For those who want no motion the way lights up. */
  private glow(from: Point, to: Point): Animation {
    const way = drawn("path", { class: "map-glow", d: `M${from.x} ${from.y}L${to.x} ${to.y}` });
    this.ways.append(way);
    return this.passing(way, { opacity: [0, 1, 1, 0] }, { duration: GLOW });
  }

  private passing(element: Element, frames: Keyframe[] | PropertyIndexedKeyframes, timing: KeyframeAnimationOptions): Animation {
    const animation = element.animate(frames, timing);
    animation.onfinish = animation.oncancel = () => element.remove();
    return animation;
  }

  private pointOf(keys: readonly string[]): Point {
    const box = keys.map((key) => this.boxOf(key)).find((one) => one !== undefined);
    const [x, y] = box ? middle(box) : [0, 0];
    return { x, y };
  }
}

interface Point {
  readonly x: number;
  readonly y: number;
}
