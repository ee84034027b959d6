import assert from "node:assert/strict";
import { test } from "node:test";
import { Board, ordered, spent, standing } from "../../static/js/classroom/board.ts";
import type { ConsoleFrame, Row } from "../../static/js/classroom/protocol.ts";

const NOW = "2026-11-24T20:00:00Z";
const row = (id: number, fields: Partial<Row> = {}): Row => ({
  id, name: `Learner ${id}`, code: "", guest: true, joined_at: NOW, hand_at: null, done: {}, at: "day-2/one", at_since: NOW,
  tries: 0, found: "", expected: "", trouble: null, sandbox: null, active_at: null, watchers: [], unread: 0, ...fields,
});
const room = (...rows: Row[]): ConsoleFrame => ({
  type: "room", now: NOW, rows, gone: [], columns: [], times: {}, radar: [],
  workshop: { code: "c", spoken_code: "c", title: "t", state: "open", starts_at: NOW, ends_at: NOW, capacity: 9, names_on_wall: true, showing: null },
});
const change = (fields: Partial<Extract<ConsoleFrame, { type: "change" }>>): ConsoleFrame => ({ type: "change", now: NOW, rows: [], gone: [], ...fields });

test("a change tells which rows are others, and the rest stays", () => {
  const board = new Board();
  board.take(room(row(1), row(2)), 0);
  const told = board.take(change({ rows: [row(2, { name: "Asha" })] }), 0);
  assert.deepEqual([told.rows, told.gone, told.columns], [[2], [], false]);
  assert.deepEqual([...board.rows.values()].map(({ name }) => name), ["Learner 1", "Asha"]);
  assert.equal(board.room?.workshop.title, "t");
});

test("after a lost connection, whom the room does not have is gone", () => {
  const board = new Board();
  board.take(room(row(1), row(2)), 0);
  assert.deepEqual(board.take(room(row(2)), 0).gone, [1]);
  assert.deepEqual([...board.rows.keys()], [2]);
});

test("a change that comes before any room is held harmless", () => {
  const board = new Board();
  board.take(change({ rows: [row(1)], gone: [7] }), 0);
  assert.equal(board.room, null);
});

test("time is the server's, whatever this computer's clock says", () => {
  const board = new Board();
  board.take(room(), 5_000);
  assert.equal(board.now(6_000), Date.parse(NOW) + 1_000);
});

test("hands come first in the order they went up, then the stuck, then names", () => {
  const rows = [row(1, { name: "Zoya" }), row(2, { name: "Asha" }), row(3, { hand_at: "2026-11-24T20:02:00Z" }), row(4, { hand_at: "2026-11-24T20:01:00Z" }), row(5)];
  assert.deepEqual(ordered(rows, new Set([5]), "need").map(({ id }) => id), [4, 3, 5, 2, 1]);
  assert.deepEqual(ordered(rows, new Set([5]), "name").map(({ name }) => name).slice(0, 1), ["Asha"]);
});

test("by progress, who has done least comes first", () => {
  const rows = [row(1, { done: { a: NOW } }), row(2), row(3, { done: { a: NOW, b: NOW } })];
  assert.deepEqual(ordered(rows, new Set(), "progress").map(({ id }) => id), [2, 1, 3]);
});

test("a task takes long when it takes more than twice its time, and only if there is a plan", () => {
  const late = Date.parse(NOW) + 601_000;
  assert.equal(spent(row(1), late), 601);
  assert.equal(standing(row(1), "day-2/one", 300, late), "slow");
  assert.equal(standing(row(1), "day-2/one", 301, late), "at");
  assert.equal(standing(row(1), "day-2/one", 0, late), "at");
  assert.equal(standing(row(1), "day-2/two", 300, late), "open");
  assert.equal(standing(row(1, { done: { "day-2/one": NOW } }), "day-2/one", 300, late), "done");
});
