/** What the details of a thing say. */
import { make } from "../../dom.ts";
import { say } from "../../strings.ts";
import { visible } from "../logs.ts";
import { moment } from "../moments.ts";
import type { ContainerState, ImageState, Objects } from "../protocol.ts";
import { strip } from "./faces.ts";
import { shortId, type Thing } from "./things.ts";
import { healthOf, portsOf, sizeOf, stateOf } from "./words.ts";

export type Fact = readonly [term: string, value: Node | string];

export function factsOf(thing: Thing, objects: Objects): readonly Fact[] {
  const facts: Fact[] =
    thing.kind === "container" ? containerFacts(thing.is)
    : thing.kind === "image" ? imageFacts(thing.is, objects)
    : [[say("map-driver"), visible(thing.is.driver)], [say("map-users"), usersOf(thing, objects).join(", ") || say("map-unused")]];
  return facts.filter(([, value]) => value !== "");
}

export function usersOf(thing: Thing, { containers }: Objects): readonly string[] {
  const isUser = ({ networks, volumes }: ContainerState): boolean =>
    (thing.kind === "network" && networks.includes(thing.is.name)) || (thing.kind === "volume" && volumes.includes(thing.is.name));
  return containers.filter(isUser).map(({ name }) => visible(name));
}

function containerFacts(container: ContainerState): Fact[] {
  const state = [stateOf(container), healthOf(container)].filter(Boolean).join(", ");
  return [
    [say("map-state"), state], [say("map-image"), visible(container.image)],
    [say("map-ports"), portsOf(container).join(", ")], [say("map-networks"), container.networks.map(visible).join(", ")],
    [say("map-volumes"), container.volumes.map(visible).join(", ")], [say("map-created"), made(container.created)],
    [say("map-id"), shortId(container.id)],
  ];
}

function imageFacts(image: ImageState, { images }: Objects): Fact[] {
  return [
    [say("map-tags"), image.tags.map(visible).join(", ") || "<none>"], [say("map-size"), image.size ? sizeOf(image.size) : ""],
    [say("map-created"), made(image.created)], [say("map-id"), shortId(image.id)],
    [say("map-layers-title"), image.layers.length ? layersOf(image, images) : ""],
  ];
}

/** The layers from above, as they lie on each other, and which other images have the same. */
function layersOf(image: ImageState, images: readonly ImageState[]): HTMLElement {
  const list = make("ol", "map-layer-list");
  for (const digest of [...image.layers].reverse()) {
    const others = images.filter((other) => other.id !== image.id && other.layers.includes(digest));
    const names = others.map((other) => visible(other.tags[0] ?? shortId(other.id))).join(", ");
    const item = make("li");
    item.append(strip(digest), make("code", "", digest.slice(0, 12)));
    if (names) item.append(make("span", "map-shared", say("map-shared", { names })));
    list.append(item);
  }
  return list;
}

export function placeFacts(place: string, { containers, images, networks, volumes }: Objects, seen: readonly string[]): Fact[] {
  if (place === "registry") return [[say("map-seen"), seen.map(visible).join(", ") || say("map-seen-none")]];
  if (place === "client") return [[say("map-role"), say("map-about-client")]];
  const running = containers.filter(({ state }) => state === "running").length;
  return [
    [say("map-containers"), say("map-count-running", { count: containers.length, running })], [say("map-images"), String(images.length)],
    [say("map-networks"), String(networks.length)], [say("map-volumes"), String(volumes.length)],
  ];
}

function made(seconds: number): string {
  return seconds > 0 ? moment(seconds * 1000, Date.now()) : "";
}
