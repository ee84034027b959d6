/** What stands on the map, what it is called, and what belongs to what. Pure. */
import type { ContainerState, ImageState, Kind, NetworkState, Objects, VolumeState } from "../protocol.ts";

export type Thing =
  | { readonly kind: "container"; readonly is: ContainerState }
  | { readonly kind: "image"; readonly is: ImageState }
  | { readonly kind: "network"; readonly is: NetworkState }
  | { readonly kind: "volume"; readonly is: VolumeState };

/** The name of a thing among all of them: no two are alike. */
export function keyOf(kind: Kind | "place", id: string): string {
  return `${kind}:${id}`;
}

export function idOf(thing: Thing): string {
  return thing.kind === "volume" ? thing.is.name : thing.is.id;
}

export function allThings(objects: Objects): ReadonlyMap<string, Thing> {
  const things: Thing[] = [
    ...objects.networks.map((is) => ({ kind: "network", is }) as const),
    ...objects.containers.map((is) => ({ kind: "container", is }) as const),
    ...objects.images.map((is) => ({ kind: "image", is }) as const),
    ...objects.volumes.map((is) => ({ kind: "volume", is }) as const),
  ];
  return new Map(things.map((thing) => [keyOf(thing.kind, idOf(thing)), thing]));
}

/** An id as `docker ps` prints it. */
export function shortId(id: string): string {
  return id.replace(/^sha256:/, "").slice(0, 12);
}

/** Name an image in full, as the daemon does: without a tag, the newest is meant. */
export function fullTag(name: string): string {
  return /:[^/]*$|@/.test(name) ? name : `${name}:latest`;
}

/** Return the image of this name, or of this id or the beginning of it. */
export function imageNamed(name: string, images: readonly ImageState[]): ImageState | undefined {
  if (!name) return undefined;
  const bare = name.replace(/^sha256:/, "");
  const isId = /^[0-9a-f]{12,64}$/.test(bare);
  return (
    images.find((image) => image.tags.includes(fullTag(name))) ??
    images.find((image) => isId && shortId(image.id) === shortId(bare))
  );
}

/** The keys of what a thing belongs with: a container with its image, its networks and its volumes, and each with it. */
export function kinOf(key: string, objects: Objects): ReadonlySet<string> {
  const kin = new Set<string>();
  for (const container of objects.containers) {
    const own = keyOf("container", container.id);
    const others = belongings(container, objects);
    if (own === key) others.forEach((other) => kin.add(other));
    else if (others.includes(key)) kin.add(own);
  }
  return kin;
}

function belongings(container: ContainerState, { images, networks, volumes }: Objects): string[] {
  const image = imageNamed(container.image, images);
  return [
    ...(image ? [keyOf("image", image.id)] : []),
    ...networks.filter(({ name }) => container.networks.includes(name)).map(({ id }) => keyOf("network", id)),
    ...volumes.filter(({ name }) => container.volumes.includes(name)).map(({ name }) => keyOf("volume", name)),
  ];
}

/** What a thing is called in the events: by 12 digits of a container's id, else by its name. */
export function objectOf(thing: Thing): string {
  if (thing.kind === "container") return shortId(thing.is.id);
  return thing.kind === "image" ? (thing.is.tags[0] ?? shortId(thing.is.id)) : thing.is.name;
}

/** Return the keys of what a command touched, which it tells by ids of containers and names of the rest. */
export function keysOf(named: ReadonlySet<string>, objects: Objects): ReadonlySet<string> {
  const short = new Set([...named].map(shortId));
  const full = new Set([...named].map(fullTag));
  const isMeant = (thing: Thing): boolean => {
    if (short.has(shortId(idOf(thing)))) return true;
    return thing.kind === "image" ? thing.is.tags.some((tag) => full.has(tag)) : named.has(thing.is.name);
  };
  return new Set([...allThings(objects)].filter(([, thing]) => isMeant(thing)).map(([key]) => key));
}

/** A number below `count` that is the same for the same text, to tell by a colour what is alike. */
export function tintOf(text: string, count: number): number {
  let sum = 0;
  for (const sign of text) sum = (sum * 31 + (sign.codePointAt(0) ?? 0)) >>> 0;
  return sum % count;
}
