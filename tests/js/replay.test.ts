import assert from "node:assert/strict";
import { test } from "node:test";
import { Playhead, schedule } from "../../static/js/workspace/flow/playhead.ts";
import { Recording, type Reckoning, type Stop } from "../../static/js/workspace/flow/recording.ts";
import type { Objects, VolumeState } from "../../static/js/workspace/protocol.ts";
import { answer, call, change } from "./moments.ts";

const EMPTY: Objects = { containers: [], images: [], networks: [], volumes: [] };

/** A state that says what happened to it: each change leaves a volume of its name. */
const reckoning: Reckoning = {
  empty: EMPTY,
  after: (state, event) => ({ ...state, volumes: [...state.volumes, { name: event.object, driver: event.action }] }),
};
const names = (objects: Objects | undefined): string => (objects?.volumes ?? []).map((volume: VolumeState) => volume.name).join();
const calls = (stops: readonly Stop[]): string[] => stops.map(({ event }) => (event.type === "flow" ? event.call : String(event.status)));

test("a command's replay stops at its calls and answers, by their time, and at no other's", () => {
  const recording = new Recording(reckoning);
  recording.add(call(1, { call: "b", key: 1 }, 20));
  recording.add(call(2, { call: "other" }, 25));
  recording.add(answer(1, 1, { status: 201 }, 30));
  recording.add(call(1, { call: "a" }, 10));
  assert.deepEqual(calls(recording.stops(1)), ["a", "b", "201"]);
  assert.deepEqual(calls(recording.stops()), ["a", "b", "other", "201"]);
});

test("each stop knows what the daemon had before the next one", () => {
  const recording = new Recording(reckoning);
  recording.add(change(0, "create", "old", 0));
  recording.add(call(1, { call: "first" }, 10));
  recording.add(change(1, "create", "made", 20));
  recording.add(call(1, { call: "second" }, 30));
  recording.add(change(1, "die", "ended", 40));
  assert.deepEqual(recording.stops(1).map((stop) => names(stop.objects)), ["old,made", "old,made,ended"]);
});

test("what happens after a command is no part of its replay", () => {
  const recording = new Recording(reckoning);
  recording.add(call(1, {}, 10));
  recording.add(change(2, "create", "later", 20));
  assert.deepEqual(recording.stops(1).map((stop) => names(stop.objects)), [""]);
});

test("the true state, where it was asked for, takes the place of the reckoned one", () => {
  const recording = new Recording(reckoning);
  recording.add(change(1, "create", "wrong", 0));
  recording.add({ ...EMPTY, type: "objects", id: 999, at: call(1, {}, 5).at, volumes: [{ name: "true", driver: "" }] });
  recording.add(call(1, {}, 10));
  assert.equal(names(recording.stops()[0]?.objects), "true");
});

test("a recording is bounded, and what is gone is not forgotten in the state", () => {
  const recording = new Recording(reckoning, 10);
  recording.add(change(1, "create", "early", 0));
  for (let number = 1; number <= 100; number += 1) recording.add(call(1, { call: `${number}` }, number));
  const stops = recording.stops();
  assert.deepEqual([stops.length, calls(stops)[0], calls(stops).at(-1)], [10, "91", "100"]);
  assert.equal(names(stops[0]?.objects), "early");
});

test("a cleared recording holds nothing", () => {
  const recording = new Recording(reckoning);
  recording.add(change(1, "create", "x"));
  recording.add(call(1));
  recording.clear();
  recording.add(call(2));
  assert.deepEqual(recording.stops().map((stop) => names(stop.objects)), [""]);
});

test("a long pause is shortened, and a long replay otherwise as it was", () => {
  assert.deepEqual(schedule([0, 1_000, 60_000, 61_500, 62_500, 64_000]), [0, 1_000, 3_000, 4_500, 5_500, 7_000]);
});

test("a blink is stretched to some six seconds, and no two calls are shown at once", () => {
  const times = Array.from({ length: 13 }, (_, index) => index * 25);
  const shown = schedule(times);
  assert.equal(shown.at(-1), 6_000);
  assert.deepEqual(schedule([0, 0, 0]), [0, 250, 500]);
  assert.deepEqual([schedule([]), schedule([5])], [[], [0]]);
});

test("time that goes backwards stops no replay", () => {
  const shown = schedule([100, 50, 200]);
  assert.ok(shown.every((time, index) => index === 0 || time > (shown[index - 1] ?? 0)));
});

test("a playhead moves with the time and the speed, and stops at the end", () => {
  const head = new Playhead([0, 1_000, 2_000]);
  head.pass(5_000);
  assert.equal(head.index, 0);
  head.play();
  head.pass(999);
  assert.equal(head.index, 0);
  head.pass(1);
  assert.equal(head.index, 1);
  head.speed = 4;
  head.pass(250);
  assert.deepEqual([head.index, head.isPlaying], [2, false]);
});

test("a playhead can be put anywhere, and starts anew from the end", () => {
  const head = new Playhead([0, 250, 500]);
  for (const [wanted, index] of [[1, 1], [-3, 0], [99, 2]] as const) {
    head.seek(wanted);
    assert.equal(head.index, index);
  }
  head.play();
  assert.deepEqual([head.index, head.isPlaying], [0, true]);
});

test("a replay of one stop, or of none, does not play", () => {
  for (const times of [[], [0]]) {
    const head = new Playhead(times);
    head.play();
    assert.deepEqual([head.index, head.isPlaying], [0, false]);
  }
});
