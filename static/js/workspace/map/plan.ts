/** Where each thing of the map stands. Pure; lengths are sixteenths of a rem, so that the map grows with the reader's letters. */
import type { ContainerState, NetworkState, Objects } from "../protocol.ts";
import { seat, type Row, type Seats } from "./seats.ts";
import { keyOf } from "./things.ts";

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export type Size = "full" | "small" | "dot";

export interface Plan {
  /** How high the sky is. */
  readonly sky: number;
  /** How much is drawn of each container, and of each image. */
  readonly size: Size;
  readonly cardSize: Size;
  readonly height: number;
  /** Of things, by their keys; places and headings among them. */
  readonly boxes: ReadonlyMap<string, Box>;
  /** The paving of each network that something stands at, by its id; "" is where those stand that have none. */
  readonly streets: ReadonlyMap<string, Box>;
  /** For the next plan. */
  readonly seats: Seats;
}

export const PLACES = ["client", "daemon", "registry"] as const;
const SKY = 128;
/** In a low panel the sky leaves its room to the stalls. */
const LOW_SKY = 76;
const PAD = 12;
const GAP = 6;
const HEAD = 28;
const SIGN = 28;
const PLACE = 92;
const NONE = 34;
/** From this width on, images and volumes stand beside the stalls; many of these need the width for themselves. */
const WIDE: Record<Size, number> = { full: 520, small: 640, dot: 760 };
const MARKET_SHARE = 0.63;

interface Cell {
  readonly least: number;
  readonly most: number;
  readonly height: number;
}

const STALLS: Record<Size, Cell> = {
  full: { least: 104, most: 172, height: 158 },
  small: { least: 92, most: 132, height: 106 },
  dot: { least: 132, most: 172, height: 26 },
};
const CARD: Cell = { least: 148, most: 300, height: 66 };
const SMALL_CARD: Cell = { least: 128, most: 300, height: 44 };
const STORE: Cell = { least: 148, most: 300, height: 46 };
const MANY_CARDS = 12;

export function sizeFor(count: number): Size {
  return count <= 12 ? "full" : count <= 40 ? "small" : "dot";
}

export interface Room {
  readonly width: number;
  readonly isLow?: boolean;
}

export function planOf(objects: Objects, { width, isLow = false }: Room, before: Seats = new Map()): Plan {
  const draft = new Draft(objects, before);
  const sky = isLow ? LOW_SKY : SKY;
  draft.places(width, sky);
  const isWide = width >= WIDE[draft.size];
  const across = width - 2 * PAD;
  const market = isWide ? Math.round((across - PAD) * MARKET_SHARE) : across;
  const end = draft.market({ x: PAD, y: sky, width: market, height: 0 });
  const side = isWide
    ? { x: 2 * PAD + market, y: sky, width: across - PAD - market, height: 0 }
    : { x: PAD, y: end + GAP, width: across, height: 0 };
  const height = Math.max(end, draft.side(side)) + PAD;
  return { sky, size: draft.size, cardSize: draft.cardSize, height, boxes: draft.boxes, streets: draft.streets, seats: draft.seats };
}

class Draft {
  readonly boxes = new Map<string, Box>();
  readonly streets = new Map<string, Box>();
  readonly seats = new Map<string, Row>();
  readonly size: Size;
  readonly cardSize: Size;

  constructor(
    private readonly objects: Objects,
    private readonly before: Seats,
  ) {
    this.size = sizeFor(objects.containers.length);
    this.cardSize = objects.images.length > MANY_CARDS ? "small" : "full";
  }

  /** Client, daemon and registry stand below the sky, from one side to the other. */
  places(width: number, sky: number): void {
    const each = Math.min(PLACE, (width - 2 * PAD) / PLACES.length);
    const step = (width - 2 * PAD - each) / (PLACES.length - 1);
    PLACES.forEach((place, index) => {
      this.boxes.set(keyOf("place", place), { x: PAD + index * step, y: GAP, width: each, height: sky - GAP - 4 });
    });
  }

  /** Return where it ends, from above. */
  market(room: Box): number {
    let y = this.head("market", room);
    const groups = this.grouped();
    const open = this.sorted().filter(({ id }) => groups.has(id));
    for (const { id } of open) {
      this.boxes.set(keyOf("network", id), { x: room.x + GAP, y: y + GAP / 2, width: room.width - 2 * GAP, height: SIGN });
      y = this.street(id, groups.get(id) ?? [], { ...room, y }) + GAP;
    }
    const alone = groups.get("");
    if (alone) {
      this.boxes.set("none:network", { x: room.x + GAP, y, width: room.width - 2 * GAP, height: SIGN });
      y = this.street("", alone, { ...room, y }) + GAP;
    }
    const quiet = this.sorted().filter(({ id }) => !groups.has(id)).map(({ id }) => keyOf("network", id));
    return this.grid(quiet, { least: 148, most: 260, height: SIGN }, { ...room, y });
  }

  side(room: Box): number {
    const images = [...this.objects.images].sort((a, b) => a.created - b.created).map(({ id }) => keyOf("image", id));
    const cell = this.cardSize === "full" ? CARD : SMALL_CARD;
    const shelf = this.grid(this.seated("images", images), cell, { ...room, y: this.head("images", room) });
    const below = { ...room, y: this.none("image", images, { ...room, y: shelf }) + GAP };
    const volumes = this.objects.volumes.map(({ name }) => keyOf("volume", name)).sort();
    const stores = this.grid(this.seated("volumes", volumes), STORE, { ...below, y: this.head("volumes", below) });
    return this.none("volume", volumes, { ...room, y: stores });
  }

  /** Where there is nothing, it is said; return where that ends. */
  private none(kind: string, keys: readonly string[], { x, y, width }: Box): number {
    if (keys.length) return y;
    this.boxes.set(`none:${kind}`, { x, y, width, height: NONE });
    return y + NONE;
  }

  private head(name: string, { x, y, width }: Box): number {
    this.boxes.set(`head:${name}`, { x, y, width, height: HEAD });
    return y + HEAD;
  }

  /** The paving of a network, with a sign above its stalls. */
  private street(id: string, keys: readonly string[], room: Box): number {
    const inner = { x: room.x + GAP, y: room.y + SIGN + GAP, width: room.width - 2 * GAP, height: 0 };
    const stalls = this.grid(this.seated(id, keys), STALLS[this.size], inner);
    const end = (this.objects.containers.length ? stalls : this.none("container", [], { ...inner, y: stalls })) + GAP;
    this.streets.set(id, { ...room, height: end - room.y });
    return end;
  }

  private grid(row: Row, cell: Cell, room: Box): number {
    const columns = Math.max(1, Math.floor((room.width + GAP) / (cell.least + GAP)));
    const width = Math.min(cell.most, (room.width + GAP) / columns - GAP);
    row.forEach((key, index) => {
      if (key === null) return;
      const x = room.x + (index % columns) * (width + GAP);
      const y = room.y + Math.floor(index / columns) * (cell.height + GAP);
      this.boxes.set(key, { x, y, width, height: cell.height });
    });
    return room.y + Math.ceil(row.length / columns) * (cell.height + GAP);
  }

  private seated(name: string, keys: readonly string[]): Row {
    const row = seat(this.before.get(name) ?? [], keys);
    this.seats.set(name, row);
    return row;
  }

  /** The keys of containers by the network they stand at: the first of theirs. */
  private grouped(): Map<string, string[]> {
    const ids = new Map(this.objects.networks.map(({ name, id }) => [name, id]));
    const groups = new Map<string, string[]>();
    const bridge = ids.get("bridge");
    // The picture of an empty market has a lane to stand at.
    if (bridge !== undefined) groups.set(bridge, []);
    for (const container of [...this.objects.containers].sort(oldestFirst)) {
      const id = container.networks.map((name) => ids.get(name)).find((one) => one !== undefined) ?? "";
      groups.set(id, [...(groups.get(id) ?? []), keyOf("container", container.id)]);
    }
    return groups;
  }

  private sorted(): readonly NetworkState[] {
    const row = seat(this.before.get("lanes") ?? [], [...this.objects.networks].sort(ownBetween).map(({ id }) => id));
    const networks = new Map(this.objects.networks.map((network) => [network.id, network]));
    this.seats.set("lanes", row);
    return row.flatMap((id) => (id !== null && networks.get(id)) || []);
  }
}

function oldestFirst(a: ContainerState, b: ContainerState): number {
  return a.created - b.created || (a.id < b.id ? -1 : 1);
}

/** The daemon's own first and last, the learner's between. */
function ownBetween(a: NetworkState, b: NetworkState): number {
  const rank = ({ name }: NetworkState): number => (name === "bridge" ? 0 : name === "host" ? 2 : name === "none" ? 3 : 1);
  return rank(a) - rank(b) || (a.name < b.name ? -1 : 1);
}
