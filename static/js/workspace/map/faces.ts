/** What a thing looks like: fills its element, made from a template of the page, with what is so now. */
import { find, make, setText } from "../../dom.ts";
import { say } from "../../strings.ts";
import { visible } from "../logs.ts";
import type { ContainerState, ImageState, NetworkState, Objects, VolumeState } from "../protocol.ts";
import { nameOf } from "./changes.ts";
import { copy, set } from "./drawing.ts";
import { idOf, imageNamed, shortId, tintOf, type Thing } from "./things.ts";
import { healthOf, portsOf, shortImage, sentenceOf, sizeOf, stateOf } from "./words.ts";

const DRAWN = new Set<string>(["created", "running", "paused", "restarting", "removing", "exited", "dead"]);
const CLOTHS = 4;
const TINTS = 360;
/** More layers than these are too fine to be seen. */
const STRIPS = 24;

export function newFace(thing: Thing): HTMLElement {
  const face = copy(document, `[data-map-${thing.kind}]`);
  set(face, { "data-kind": thing.kind, "data-id": idOf(thing), tabindex: "-1" });
  return face;
}

/** Show a thing as it is now; `lanes` numbers the networks. */
export function fill(face: HTMLElement, thing: Thing, objects: Objects, lanes: readonly string[]): void {
  set(face, { "aria-label": sentenceOf(thing, objects) });
  setText(part(face, "name"), nameOf(thing));
  if (thing.kind === "container") fillContainer(face, thing.is, objects, lanes);
  else if (thing.kind === "image") fillImage(face, thing.is);
  else if (thing.kind === "network") fillNetwork(face, thing.is, lanes);
  else fillVolume(face, thing.is, objects);
}

function part(face: HTMLElement, name: string): HTMLElement {
  return find(face, `[data-part="${name}"]`);
}

function fillContainer(face: HTMLElement, container: ContainerState, objects: Objects, lanes: readonly string[]): void {
  const { name, state, health, image } = container;
  set(face, {
    "data-name": name, "data-state": state, "data-health": health,
    "data-cloth": String(tintOf(imageNamed(image, objects.images)?.id ?? image, CLOTHS)),
  });
  // A state that nobody has drawn yet is told by its word, beside an outline.
  const shape = DRAWN.has(state) ? state : "removing";
  set(find(face, "[data-picture]"), { href: `#map-stall-${shape}` });
  for (const mark of face.querySelectorAll("[data-mark]")) set(mark, { href: `#map-mark-${shape}` });
  setText(part(face, "state"), stateOf(container));
  setText(part(face, "image"), visible(shortImage(image)));
  setText(part(face, "ports"), portsOf(container).join(" "));
  setText(part(face, "health"), healthOf(container));
  const at = container.networks.map((one) => lanes.indexOf(one)).filter((index) => index >= 0);
  bullets(part(face, "lanes"), at.length > 1 ? at : []);
}

function fillImage(face: HTMLElement, image: ImageState): void {
  const { id, tags, size, layers } = image;
  set(face, { "data-tags": tags.join(" "), "data-cloth": String(tintOf(id, CLOTHS)) });
  const more = tags.length > 1 ? ` +${tags.length - 1}` : "";
  setText(part(face, "more"), more);
  const facts = [tags.length ? "" : shortId(id), size ? sizeOf(size) : "", layers.length ? say("map-layers", { count: layers.length }) : ""];
  setText(part(face, "facts"), facts.filter(Boolean).join(" · "));
  const strips = part(face, "layers");
  if (strips.dataset["shown"] === layers.join()) return;
  strips.dataset["shown"] = layers.join();
  strips.replaceChildren(...layers.slice(0, STRIPS).map(strip));
}

/** A layer, in the tint that its digest has wherever it lies. */
export function strip(digest: string): HTMLElement {
  const element = make("span", "map-layer");
  element.style.setProperty("--hue", String(tintOf(digest, TINTS)));
  return element;
}

function fillNetwork(face: HTMLElement, { name, driver }: NetworkState, lanes: readonly string[]): void {
  set(face, { "data-name": name });
  setText(part(face, "driver"), visible(driver));
  bullets(part(face, "lanes"), [lanes.indexOf(name)]);
}

function fillVolume(face: HTMLElement, { name }: VolumeState, objects: Objects): void {
  set(face, { "data-name": name });
  const users = objects.containers.filter(({ volumes }) => volumes.includes(name)).map((one) => visible(one.name));
  setText(part(face, "users"), users.join(", ") || say("map-unused"));
}

/** The numbers of networks: whose are shown twice belong together. */
function bullets(place: HTMLElement, numbers: readonly number[]): void {
  const shown = numbers.join();
  if (place.dataset["shown"] === shown) return;
  place.dataset["shown"] = shown;
  place.replaceChildren(...numbers.map(bullet));
}

function bullet(index: number): HTMLElement {
  const element = make("span", "map-bullet", String(index + 1));
  element.dataset["lane"] = String(index % 6);
  return element;
}
