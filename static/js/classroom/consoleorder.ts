/** The order of the rows: raised hands as they were raised, then the stuck, then everybody by the reader's choice. */
import type { Row } from "./protocol.ts";
import { stuckIn, type RoomState } from "./consolestate.ts";

export const SORTINGS = ["name", "least", "most", "active", "joined"] as const;
export type Sorting = (typeof SORTINGS)[number];

type Compare = (one: Row, other: Row) => number;

const done = (row: Row): number => Object.keys(row.done).length;
const time = (at: string | null): number => (at ? Date.parse(at) : 0);

const CHOICES: Record<Sorting, Compare> = {
  name: () => 0,
  least: (one, other) => done(one) - done(other),
  most: (one, other) => done(other) - done(one),
  active: (one, other) => time(other.active_at) - time(one.active_at),
  joined: (one, other) => time(one.joined_at) - time(other.joined_at),
};

export function ordered(state: RoomState, sorting: Sorting, language: string): Row[] {
  const stuck = stuckIn(state);
  const names = new Intl.Collator(language, { numeric: true });
  const rank = (row: Row): number => (row.hand_at ? 0 : stuck.has(row.id) ? 1 : 2);
  const byHand: Compare = (one, other) => (one.hand_at ? time(one.hand_at) - time(other.hand_at) : 0);
  const compares: Compare[] = [
    (one, other) => rank(one) - rank(other),
    byHand,
    CHOICES[sorting],
    (one, other) => names.compare(one.name, other.name) || one.id - other.id,
  ];
  return [...state.rows.values()].sort((one, other) => first(compares, one, other));
}

function first(compares: readonly Compare[], one: Row, other: Row): number {
  for (const compare of compares) {
    const result = compare(one, other);
    if (result) return result;
  }
  return 0;
}

export function sortingOf(text: string | null): Sorting {
  return SORTINGS.find((one) => one === text) ?? "name";
}

interface Sibling<Item> {
  readonly nextSibling: Item | null;
}
interface Parent<Item> {
  readonly firstChild: Item | null;
  insertBefore(item: Item, before: Item | null): unknown;
}

/**
 * Bring children into an order with few moves: one that goes up, or down, is moved alone. Return how many were moved.
 * All children of `parent` are among `items`.
 */
export function arrange<Item extends Sibling<Item>>(parent: Parent<Item>, items: readonly Item[]): number {
  let moves = 0;
  let cursor = parent.firstChild;
  for (const item of items) {
    if (cursor && cursor !== item && cursor.nextSibling === item) {
      // The one at the cursor goes down: out of the way, instead of everybody past it.
      parent.insertBefore(cursor, null);
      moves += 1;
      cursor = item;
    }
    if (cursor === item) {
      cursor = item.nextSibling;
    } else {
      parent.insertBefore(item, cursor);
      moves += 1;
    }
  }
  return moves;
}
