import type { ConsoleFrame, Room, Row } from "./protocol.ts";

/** What a frame has changed. */
export interface Change {
  /** Ids of rows that are new or another than before. */
  readonly rows: readonly number[];
  readonly gone: readonly number[];
  /** Whether the columns are others: then everything is drawn anew. */
  readonly columns: boolean;
}

/** All that the console knows, folded from its frames. Pure: no page, no socket. */
export class Board {
  room: Room | null = null;
  readonly rows = new Map<number, Row>();
  /** The server's clock minus this computer's, in milliseconds. */
  private skew = 0;

  /** Take a frame in. A "room" is all there is: what it does not have is gone. */
  take(frame: ConsoleFrame, here: number): Change {
    const before = this.room;
    const gone = frame.type === "room" ? [...this.rows.keys()].filter((id) => !frame.rows.some((row) => row.id === id)) : frame.gone;
    if (frame.type === "room") {
      this.room = { workshop: frame.workshop, columns: frame.columns, times: frame.times, radar: frame.radar };
    } else if (before) {
      this.room = {
        workshop: frame.workshop ?? before.workshop,
        columns: frame.columns ?? before.columns,
        times: frame.times ?? before.times,
        radar: frame.radar ?? before.radar,
      };
    }
    for (const id of gone) this.rows.delete(id);
    for (const row of frame.rows) this.rows.set(row.id, row);
    this.skew = Date.parse(frame.now) - here;
    return { rows: frame.rows.map(({ id }) => id), gone, columns: before?.columns !== this.room?.columns };
  }

  /** What the server's clock says when this computer's says `here`. */
  now(here: number): number {
    return here + this.skew;
  }

  /** Ids of those who are stuck. */
  get stuck(): Set<number> {
    return new Set(this.room?.radar.flatMap(({ members }) => members));
  }
}

export type Order = "need" | "name" | "progress";

/** Return the rows in the order in which they are shown: by need, hands come first, then who is stuck, then names. */
export function ordered(rows: Iterable<Row>, stuck: ReadonlySet<number>, by: Order): Row[] {
  const names = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
  const byName = (a: Row, b: Row): number => names.compare(a.name, b.name) || a.id - b.id;
  const byHand = (a: Row, b: Row): number => rank(a, stuck) - rank(b, stuck) || (a.hand_at ?? "").localeCompare(b.hand_at ?? "");
  const byProgress = (a: Row, b: Row): number => Object.keys(a.done).length - Object.keys(b.done).length;
  const first = { need: byHand, name: () => 0, progress: byProgress }[by];
  return [...rows].sort((a, b) => first(a, b) || byName(a, b));
}

function rank(row: Row, stuck: ReadonlySet<number>): number {
  if (row.hand_at) return 0;
  return stuck.has(row.id) ? 1 : 2;
}

/** How a learner stands with a task. */
export type Standing = "done" | "slow" | "at" | "open";

/** Seconds that a row has been at its task. */
export function spent(row: Row, now: number): number {
  return Math.max(0, (now - Date.parse(row.at_since)) / 1000);
}

export function standing(row: Row, key: string, planned: number, now: number): Standing {
  if (row.done[key]) return "done";
  if (row.at !== key) return "open";
  return planned > 0 && spent(row, now) > 2 * planned ? "slow" : "at";
}
