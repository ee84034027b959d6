import assert from "node:assert/strict";
import { test } from "node:test";
import { byError, shortened } from "../../static/js/classroom/consoledeeds.ts";
import { arrange, ordered, sortingOf } from "../../static/js/classroom/consoleorder.ts";
import { Selection } from "../../static/js/classroom/consoleselection.ts";
import { countsOf, fold, isNews, newHands } from "../../static/js/classroom/consolestate.ts";
import { cellOf, medianOf, minutes, pace } from "../../static/js/classroom/consolewords.ts";
import type { ConsoleFrame, RadarGroup } from "../../static/js/classroom/protocol.ts";
import { columnsFor, heightFor } from "../../static/js/classroom/wallplan.ts";
import { before, column, NOW, room, row } from "./consolefixtures.ts";

const change = (fields: Partial<ConsoleFrame>): ConsoleFrame =>
  ({ type: "change", now: before(0), rows: [], gone: [], ...fields }) as ConsoleFrame;
const whole = (rows = [row(1, "Asha")]): ConsoleFrame =>
  ({ ...room([]), type: "room", now: before(0), rows, gone: [] }) as ConsoleFrame;
const group = (members: number[]): RadarGroup => ({
  kind: "error", name: "port is already allocated", lesson: "", task: "", members, example: "", command: "", since: before(3),
}); // prettier-ignore

test("the first frame is the room, and changes before it tell nothing", () => {
  assert.equal(fold(null, change({ rows: [row(1, "Asha")] })), null);
  assert.deepEqual([...(fold(null, whole())?.rows.keys() ?? [])], [1]);
});

test("a change replaces the rows it has, takes away those that are gone, and keeps the others as they are", () => {
  const first = fold(null, whole([row(1, "Asha"), row(2, "Bhavna"), row(3, "Chetan")]));
  const next = fold(first, change({ rows: [row(2, "Bhavna B."), row(4, "Deepa")], gone: [3] }));
  assert.deepEqual([...(next?.rows.values() ?? [])].map(({ name }) => name), ["Asha", "Bhavna B.", "Deepa"]);
  assert.equal(next?.rows.get(1), first?.rows.get(1));
  assert.equal(next?.columns, first?.columns);
});

test("a new room, after a lost connection, leaves nothing of the old one", () => {
  const old = fold(null, whole([row(1, "Asha"), row(2, "Bhavna")]));
  assert.deepEqual([...(fold(old, whole([row(2, "Bhavna")]))?.rows.keys() ?? [])], [2]);
});

test("a frame without anything in it is no news", () => {
  assert.equal(isNews(change({})), false);
  assert.equal(isNews(change({ gone: [1] })), true);
  assert.equal(isNews(change({ radar: [] })), true);
});

test("counts are of who is there, and of all that everybody can do", () => {
  const state = room([
    row(1, "Asha", { done: { "day-2/one": before(5), "day-2/two": before(1) } }),
    row(2, "Bhavna", { active_at: before(20), hand_at: before(1) }),
    row(3, "Chetan", { active_at: null }),
  ], { radar: [group([1, 3])] }); // prettier-ignore
  assert.deepEqual(countsOf(state, NOW), { people: 3, here: 1, hands: 1, stuck: 2, done: 33 });
  assert.equal(countsOf(room([]), NOW).done, 0);
});

test("a hand is news when it goes up, not while it stays up, and not when the page is opened", () => {
  const down = room([row(1, "Asha"), row(2, "Bhavna", { hand_at: before(3) })]);
  const up = room([row(1, "Asha", { hand_at: before(0) }), row(2, "Bhavna", { hand_at: before(3) })]);
  assert.deepEqual(newHands(down, up), ["Asha"]);
  assert.deepEqual(newHands(up, up), []);
  assert.deepEqual(newHands(null, up), []);
});

test("raised hands come first in their order, then the stuck, then the others by choice", () => {
  const state = room([
    row(1, "Zoya", { done: { a: before(1), b: before(1) } }),
    row(2, "Émile", { done: { a: before(1) } }),
    row(3, "Asha"),
    row(4, "Om", { hand_at: before(1) }),
    row(5, "Uma", { hand_at: before(9) }),
    row(6, "Vikram"),
    row(7, "Ela"),
  ], { radar: [group([6, 5])] }); // prettier-ignore
  const names = (sorting: Parameters<typeof ordered>[1]): string => ordered(state, sorting, "en").map(({ name }) => name).join(" ");
  assert.equal(names("name"), "Uma Om Vikram Asha Ela Émile Zoya");
  assert.equal(names("least"), "Uma Om Vikram Asha Ela Émile Zoya");
  assert.equal(names("most"), "Uma Om Vikram Zoya Émile Asha Ela");
});

test("learners of the same name keep their order", () => {
  assert.deepEqual(ordered(room([row(9, "Asha"), row(2, "Asha")]), "name", "en").map(({ id }) => id), [2, 9]);
});

test("a choice of sorting that is none is the first", () => {
  assert.equal(sortingOf("most"), "most");
  assert.equal(sortingOf("constructor"), "name");
  assert.equal(sortingOf(null), "name");
});

class Item {
  nextSibling: Item | null = null;
  constructor(readonly name: string) {}
}

/** A parent of items that behaves as the DOM's. */
class List {
  children: Item[];
  constructor(names: string) {
    this.children = [...names].map((name) => new Item(name));
    this.link();
  }
  get firstChild(): Item | null {
    return this.children[0] ?? null;
  }
  insertBefore(item: Item, place: Item | null): void {
    this.children = this.children.filter((one) => one !== item);
    this.children.splice(place ? this.children.indexOf(place) : this.children.length, 0, item);
    this.link();
  }
  private link(): void {
    this.children.forEach((item, at) => (item.nextSibling = this.children[at + 1] ?? null));
  }
  to(names: string): number {
    const known = new Map(this.children.map((item) => [item.name, item]));
    return arrange<Item>(this, [...names].map((name) => known.get(name) ?? new Item(name)));
  }
  get names(): string {
    return this.children.map(({ name }) => name).join("");
  }
}

for (const [from, to, most] of [
  ["abcdef", "abcdef", 0],
  ["abcdef", "fabcde", 1],
  ["abcdef", "bcdefa", 1],
  ["abcdef", "acdebf", 2],
  ["", "abc", 3],
  ["abcdef", "fedcba", 12],
  ["abc", "axbc", 1],
] as const) {
  test(`rows go from ${from || "nothing"} to ${to} in few moves`, () => {
    const list = new List(from);
    const moves = list.to(to);
    assert.equal(list.names, to);
    assert.ok(moves <= most, `${moves} moves`);
  });
}

test("a cell says that a task is done, or for how long one is at it, or nothing", () => {
  const asha = row(1, "Asha", { done: { "day-2/zero": before(5) }, at_since: before(7) });
  assert.equal(cellOf(asha, column("zero"), NOW).state, "done");
  assert.deepEqual([cellOf(asha, column("one"), NOW).state, cellOf(asha, column("one"), NOW).pace], ["at", "over"]);
  assert.deepEqual(cellOf(asha, column("two"), NOW), { state: "open", pace: "good", text: "" });
});

test("a clock that is behind makes no time negative", () => {
  assert.equal(cellOf(row(1, "Asha", { at_since: before(-3) }), column("one"), NOW).pace, "good");
});

test("twice the plan is late; without a plan nothing is", () => {
  assert.deepEqual([pace(300, 300), pace(301, 300), pace(601, 300), pace(9_999, 0)], ["good", "over", "late", "good"]);
  assert.equal(medianOf(null, 0).text, "");
  assert.match(medianOf(700, 300).text, /^▲▲ /);
  assert.match(medianOf(400, 300).text, /^▲ /);
});

test("minutes are exact where there are few, and never none", () => {
  assert.deepEqual([20, 60, 100, 150, 599, 640, 7200].map(minutes), ["<1", "1", "1½", "2½", "10", "11", "120"]);
});

test("the selection forgets those who have gone", () => {
  const selection = new Selection();
  let told = 0;
  selection.onChange(() => (told += 1));
  selection.replace([1, 2, 3]);
  selection.keep((id) => id !== 2);
  selection.keep(() => true);
  assert.deepEqual([selection.all, told], [[1, 3], 2]);
});

test("of many names the first are said, and errors are said once each", () => {
  assert.equal(shortened(["Asha", "Om"]), "Asha, Om");
  const refused = [{ name: "Asha", error: "full" }, { name: "Om", error: "gone" }, { name: "Uma", error: "full" }]; // prettier-ignore
  assert.deepEqual([...byError(refused)], [["full", ["Asha", "Uma"]], ["gone", ["Om"]]]);
});

test("a wall shows a hundred stalls on a big screen, each large enough to be read", () => {
  for (const stalls of [1, 2, 7, 42, 100]) {
    const columns = columnsFor(stalls, 1880, 900);
    const height = heightFor(stalls, columns, 1880, 900);
    assert.ok(Math.ceil(stalls / columns) * height <= 900, `${stalls}`);
    assert.ok(height >= 85, `${stalls}: ${height}`);
  }
  assert.equal(columnsFor(0, 1880, 900), 1);
});
