/** The words of the map, for eyes and ears. */
import { say } from "../../strings.ts";
import { visible } from "../logs.ts";
import type { ContainerState, ImageState, Objects } from "../protocol.ts";
import { shortId, type Thing } from "./things.ts";

export function stateOf({ state, exit }: ContainerState): string {
  if (state === "exited" && exit !== null) return say("map-state-exited-with", { code: exit });
  return say(`map-state-${state}`) || state;
}

export function healthOf({ health }: ContainerState): string {
  return health && (say(`map-health-${health}`) || health);
}

/** The ports, published ones as 8080→80, each once: the daemon tells them for both versions of IP. */
export function portsOf({ ports }: ContainerState, arrow = "→"): readonly string[] {
  const shown = ports.map(({ port, protocol, host }) => {
    const end = protocol === "tcp" ? `${port}` : `${port}/${visible(protocol)}`;
    return host === null ? end : `${host}${arrow}${end}`;
  });
  return [...new Set(shown)];
}

/** A size as `docker images` prints it. */
export function sizeOf(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let at = 0;
  let size = bytes;
  for (; size >= 1000 && at < units.length - 1; at += 1) size /= 1000;
  return `${Number(size.toPrecision(3))}${units[at]}`;
}

/** An image's name where there is little room: its end tells it from others. What it is called in full is said elsewhere. */
export function shortImage(image: string): string {
  const slash = image.lastIndexOf("/");
  return slash > 0 && image.length > 16 ? `…${image.slice(slash)}` : image;
}

/** What an image is called: its first tag, or how docker writes that it has none. */
export function tagOf({ tags }: ImageState): string {
  return visible(tags[0] ?? "<none>");
}

/** Everything about a thing, in one sentence, for those who do not see it. */
export function sentenceOf(thing: Thing, objects: Objects): string {
  switch (thing.kind) {
    case "container":
      return containerSentence(thing.is);
    case "image":
      return imageSentence(thing.is);
    case "network": {
      const names = objects.containers.filter(({ networks }) => networks.includes(thing.is.name)).map(({ name }) => name);
      return joined(say("map-label-network", { name: visible(thing.is.name), driver: visible(thing.is.driver) }), users(names));
    }
    case "volume": {
      const names = objects.containers.filter(({ volumes }) => volumes.includes(thing.is.name)).map(({ name }) => name);
      return joined(say("map-label-volume", { name: visible(thing.is.name) }), users(names));
    }
  }
}

function containerSentence(container: ContainerState): string {
  const { name, image, networks, volumes } = container;
  return joined(
    say("map-label-container", { name: visible(name), image: visible(image) }),
    stateOf(container),
    healthOf(container),
    ...portsOf(container, ` ${say("map-to")} `).map((port) => say("map-label-port", { port })),
    ...networks.map((one) => say("map-label-at", { name: visible(one) })),
    ...volumes.map((one) => say("map-label-uses", { name: visible(one) })),
  );
}

function imageSentence(image: ImageState): string {
  const tags = image.tags.length ? image.tags.map(visible).join(", ") : say("map-untagged", { id: shortId(image.id) });
  const layers = image.layers.length ? say("map-layers", { count: image.layers.length }) : "";
  return joined(say("map-label-image", { tags }), image.size ? sizeOf(image.size) : "", layers);
}

function users(names: readonly string[]): string {
  return names.length ? say("map-label-users", { names: names.map(visible).join(", ") }) : say("map-label-unused");
}

function joined(...parts: readonly string[]): string {
  return parts.filter(Boolean).join(", ");
}
