import { make } from "../../dom.ts";
import { say } from "../../strings.ts";
import type { FlowEvent, Lane } from "../protocol.ts";

const LANES: readonly Lane[] = ["client", "daemon", "cache", "registry", "container"];

export type Tongue = "plain" | "story";

export function laneName(lane: Lane, tongue: Tongue): string {
  const plain = say(`place-${lane}`) || lane;
  return tongue === "story" ? say(`story-${lane}`) || plain : plain;
}

/** What the story switch shows at the moment. */
export function tongueNow(): Tongue {
  return document.documentElement.dataset["story"] === "off" ? "plain" : "story";
}

/** Return a text in both tongues, of which the story switch shows one, with the rest of the page. */
export function inBoth(text: (tongue: Tongue) => string): DocumentFragment {
  const both = document.createDocumentFragment();
  both.append(make("span", "plain", text("plain")), make("span", "story", text("story")));
  return both;
}

/** Return the names above the lanes. The arrows' sentences name them, too, so screen readers need not hear these. */
export function laneNames(): HTMLElement {
  const names = make("div", "flow-lanes");
  names.setAttribute("aria-hidden", "true");
  for (const lane of LANES) {
    const name = make("span", "flow-lane");
    name.append(inBoth((tongue) => laneName(lane, tongue)));
    names.append(name);
  }
  return names;
}

/** Return the arrow from lane to lane, drawn by the style; its lamp carries the number of the step. */
export function drawWay({ from, to, step }: FlowEvent): HTMLElement {
  const [start, end] = [LANES.indexOf(from), LANES.indexOf(to)];
  const way = make("span", "flow-way");
  way.dataset["heads"] = start === end ? "back" : start < end ? "right" : "left";
  way.style.setProperty("--start", String(start));
  way.style.setProperty("--low", String(Math.min(start, end)));
  way.style.setProperty("--span", String(Math.abs(end - start)));
  way.append(make("span", "flow-shaft"), make("span", "flow-lamp", String(step)));
  return way;
}
