/** What the daemon manages, told from its events. Pure: a replay asks for the state at any moment. */
import type { ContainerState, ImageState, ObjectEvent, Objects } from "../protocol.ts";
import { fullTag, shortId } from "./things.ts";

export const EMPTY: Objects = { containers: [], images: [], networks: [], volumes: [] };

/** A container that stops leaves its networks for a moment, which is no disconnection: so long before its death. */
const LEAVES_BEFORE = 5_000;

interface Told extends ContainerState {
  readonly left?: readonly { readonly network: string; readonly at: number }[];
}

/** Return the state after an event. What is not understood, or came already, changes nothing. */
export function after(state: Objects, event: ObjectEvent): Objects {
  switch (event.kind) {
    case "container":
      return afterContainer(state, event);
    case "image":
      return { ...state, images: imagesAfter(state.images, event) };
    case "network":
      return afterNetwork(state, event);
    case "volume":
      return afterVolume(state, event);
    default:
      return state;
  }
}

const isSame = (id: string, other: string): boolean => shortId(id) === shortId(other);

function afterContainer(state: Objects, event: ObjectEvent): Objects {
  if (event.action === "destroy") {
    return { ...state, containers: state.containers.filter(({ id }) => !isSame(id, event.object)) };
  }
  const change = changeBy(event);
  const known: Told | undefined = state.containers.find(({ id }) => isSame(id, event.object));
  // What is created is new; told again, it is nothing new.
  if (!change || (known && event.action === "create")) return state;
  const container: Told = { ...(known ?? newcomer(event)), ...change };
  return withContainer(state, event.action === "die" ? { ...container, ...broughtBack(container, event) } : container);
}

/** Return what an event of a container changes in it; null if nothing. */
function changeBy(event: ObjectEvent): Partial<ContainerState> | null {
  const health = /^health_status: ?(starting|healthy|unhealthy)$/.exec(event.action)?.[1];
  if (health) return { health: health as ContainerState["health"] };
  switch (event.action) {
    case "create":
      return { state: "created" };
    case "start":
    case "restart":
    case "unpause":
      return { state: "running", exit: null };
    case "pause":
      return { state: "paused" };
    case "die":
      return { state: "exited", exit: event.exit, health: "" };
    case "rename":
      return event.name ? { name: event.name } : null;
    default:
      return null;
  }
}

function newcomer(event: ObjectEvent): ContainerState {
  return {
    id: event.object, name: event.name || event.object, image: event.image, state: "created", health: "", exit: null,
    ports: [], networks: [], volumes: [], created: Math.floor(Date.parse(event.at) / 1000) || 0,
  };
}

function withContainer(state: Objects, container: ContainerState): Objects {
  const isKnown = state.containers.some(({ id }) => id === container.id);
  const containers = isKnown
    ? state.containers.map((one) => (one.id === container.id ? container : one))
    : [...state.containers, container];
  return { ...state, containers };
}

function broughtBack({ networks, left = [] }: Told, event: ObjectEvent): Partial<Told> {
  const late = left.filter(({ at }) => Date.parse(event.at) - at < LEAVES_BEFORE).map(({ network }) => network);
  return { networks: [...new Set([...networks, ...late])], left: [] };
}

function afterNetwork(state: Objects, event: ObjectEvent): Objects {
  const others = state.networks.filter(({ id }) => !isSame(id, event.object));
  const known = state.networks.find(({ id }) => isSame(id, event.object));
  if (event.action === "create") {
    return known ? state : { ...state, networks: [...others, { id: event.object, name: event.name, driver: "" }] };
  }
  if (event.action === "destroy") return { ...state, networks: others };
  const container = state.containers.find(({ id }) => event.container && isSame(id, event.container));
  const network = known?.name ?? event.name;
  if (!container || !network) return state;
  if (event.action === "connect") return withContainer(state, connected(container, network));
  return event.action === "disconnect" ? withContainer(state, disconnected(container, network, event)) : state;
}

function connected(container: ContainerState, network: string): ContainerState {
  return container.networks.includes(network) ? container : { ...container, networks: [...container.networks, network] };
}

/** One that has ended stays at its networks: the daemon connects it again when it starts. */
function disconnected(container: Told, network: string, event: ObjectEvent): Told {
  if (!["running", "paused"].includes(container.state) || !container.networks.includes(network)) return container;
  const left = [...(container.left ?? []), { network, at: Date.parse(event.at) }];
  return { ...container, networks: container.networks.filter((name) => name !== network), left };
}

function afterVolume(state: Objects, event: ObjectEvent): Objects {
  const name = event.object;
  const others = state.volumes.filter((volume) => volume.name !== name);
  if (event.action === "destroy") return { ...state, volumes: others };
  if (event.action === "create") {
    return others.length < state.volumes.length ? state : { ...state, volumes: [...others, { name, driver: "local" }] };
  }
  const user = state.containers.find(({ id }) => event.container && isSame(id, event.container));
  if (event.action !== "mount" || !user || user.volumes.includes(name)) return state;
  return withContainer(state, { ...user, volumes: [...user.volumes, name] });
}

function imagesAfter(images: readonly ImageState[], event: ObjectEvent): readonly ImageState[] {
  switch (event.action) {
    case "pull":
    case "tag":
    case "load":
    case "import":
      return tagged(images, event);
    case "untag":
      return images.map((image) => (isSame(image.id, event.object) ? without(image, event.name) : image));
    case "delete":
      return images.filter(({ id }) => !isSame(id, event.object));
    default:
      return images;
  }
}

/** A pull tells the image's name in the place of its id; until something tells more, the name serves as the id. */
function tagged(images: readonly ImageState[], event: ObjectEvent): readonly ImageState[] {
  const isId = /^(sha256:)?[0-9a-f]{12,64}$/.test(event.object);
  const name = isId ? event.name : event.object;
  const tag = name && !isSame(name, event.object) ? fullTag(name) : isId ? "" : fullTag(name);
  const known = images.find(({ id }) => isSame(id, event.object)) ?? images.find(({ tags }) => !isId && tags.includes(tag));
  if (known && (!tag || known.tags.includes(tag))) return images;
  const created = Math.floor(Date.parse(event.at) / 1000) || 0;
  const image = known ?? { id: event.object, tags: [], size: 0, layers: [], created };
  // A tag belongs to one image: who had it has it no more.
  const others = images.filter((one) => one !== known).map((one) => (one.tags.includes(tag) ? without(one, tag) : one));
  const there = others.filter((one) => one.tags.length > 0 || /^(sha256:)?[0-9a-f]{12,64}$/.test(one.id));
  return [...there, { ...image, tags: tag ? [...image.tags, tag] : image.tags }];
}

/** Without this tag; of the only one a name need not be told, as the daemon tells the id instead. */
function without(image: ImageState, name: string): ImageState {
  const tags = image.tags.filter((tag) => tag !== fullTag(name));
  return { ...image, tags: tags.length === image.tags.length && tags.length === 1 ? [] : tags };
}
