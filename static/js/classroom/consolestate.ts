/** What the console knows of the room: the last word on everything, folded from the frames. */
import type { ConsoleFrame, Room, Row } from "./protocol.ts";

export interface RoomState extends Room {
  readonly rows: ReadonlyMap<number, Row>;
}

/** Return the room after a frame. A frame of changes before the first "room" tells nothing yet: null. */
export function fold(state: RoomState | null, frame: ConsoleFrame): RoomState | null {
  if (frame.type === "room") return { ...roomOf(frame), rows: new Map(frame.rows.map((row) => [row.id, row])) };
  if (!state) return null;
  const rows = new Map(state.rows);
  for (const id of frame.gone) rows.delete(id);
  for (const row of frame.rows) rows.set(row.id, row);
  return { ...roomOf({ ...state, ...frame }), rows };
}

function roomOf({ workshop, columns, times, radar }: Room): Room {
  return { workshop, columns, times, radar };
}

export function isNews(frame: ConsoleFrame): boolean {
  const { workshop, columns, times, radar } = frame as Partial<Room>;
  return [workshop, columns, times, radar].some((part) => part !== undefined) || frame.rows.length + frame.gone.length > 0;
}

/** Return the ids of those who are stuck, by the radar. */
export function stuckIn({ radar }: Room): Set<number> {
  return new Set(radar.flatMap((group) => [...group.members]));
}

/** Who was at work so lately is there. */
const HERE = 5 * 60_000;

export interface Counts {
  readonly people: number;
  readonly here: number;
  readonly hands: number;
  readonly stuck: number;
  /** Of all that everybody together can do, in percent. */
  readonly done: number;
}

export function countsOf(state: RoomState, now: number): Counts {
  const rows = [...state.rows.values()];
  const possible = rows.length * state.columns.length;
  const done = rows.reduce((sum, row) => sum + Object.keys(row.done).length, 0);
  return {
    people: rows.length,
    here: rows.filter(({ active_at }) => active_at && now - Date.parse(active_at) < HERE).length,
    hands: rows.filter(({ hand_at }) => hand_at).length,
    stuck: stuckIn(state).size,
    done: possible ? Math.round((100 * done) / possible) : 0,
  };
}

/** Return the names of those whose hand is up now and was not before. */
export function newHands(before: RoomState | null, after: RoomState): string[] {
  if (!before) return [];
  return [...after.rows.values()].filter(({ id, hand_at }) => hand_at && !before.rows.get(id)?.hand_at).map(({ name }) => name);
}
