import assert from "node:assert/strict";
import { test } from "node:test";
import { Spotlight, type Lit } from "../../static/js/workspace/spotlight.ts";
import { call, change } from "./moments.ts";

function lamps(): { spotlight: Spotlight; told: () => unknown[] } {
  const spotlight = new Spotlight();
  const told: Lit[] = [];
  spotlight.onChange((lit) => told.push(lit));
  return { spotlight, told: () => told.map(({ orders, objects }) => [[...orders], [...objects]]) };
}

test("a command lights what its calls and their consequences are about", () => {
  const { spotlight, told } = lamps();
  spotlight.learn(call(1, { objects: ["poha"] }));
  spotlight.learn(change(1, "start", "3f9a"));
  spotlight.light(1);
  assert.deepEqual(told(), [[[1], ["poha", "3f9a", "3f9a-name"]]]);
});

test("an object lights all commands that had to do with it", () => {
  const { spotlight, told } = lamps();
  for (const order of [1, 2, 3]) spotlight.learn(call(order, { objects: [order === 2 ? "garadu" : "poha"] }));
  spotlight.hover("poha");
  assert.deepEqual(told(), [[[1, 3], ["poha"]]]);
});

test("only changes are told", () => {
  const { spotlight, told } = lamps();
  for (const order of [1, 1, null, null, 2]) spotlight.light(order);
  assert.deepEqual(told(), [[[1], []], [[], []], [[2], []]]);
});

test("what no command caused belongs to none", () => {
  const { spotlight } = lamps();
  spotlight.learn(change(0, "create", "3f9a"));
  assert.equal(spotlight.ordersOf("3f9a").size, 0);
});

test("old commands are forgotten, and all of them at once if so wished", () => {
  const { spotlight } = lamps();
  for (let order = 1; order <= 1_000; order += 1) spotlight.learn(call(order, { objects: ["poha"] }));
  assert.equal(spotlight.ordersOf("poha").size, 200);
  assert.equal(spotlight.objectsOf(1).size, 0);
  spotlight.forget();
  assert.equal(spotlight.ordersOf("poha").size, 0);
});

test("who stops pointing at a command does not put out what the map is pointed at", () => {
  const { spotlight, told } = lamps();
  spotlight.light(1);
  spotlight.hover(null);
  spotlight.hover("poha");
  spotlight.light(null);
  assert.deepEqual(told().length, 2);
  spotlight.hover(null);
  assert.deepEqual(told().at(-1), [[], []]);
  assert.ok(!spotlight.isLit(1));
});

test("a command that was opened stays lit while the reader points at nothing", () => {
  const { spotlight, told } = lamps();
  spotlight.learn(call(1, { objects: ["poha"] }));
  spotlight.learn(call(2, { objects: ["jalebi"] }));
  spotlight.pin(1);
  spotlight.light(2);
  spotlight.light(null);
  spotlight.pin(null);
  assert.deepEqual(told(), [[[1], ["poha"]], [[2], ["jalebi"]], [[1], ["poha"]], [[], []]]);
});
