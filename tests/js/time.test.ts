import assert from "node:assert/strict";
import { test } from "node:test";
import { clock, moment } from "../../static/js/workspace/moments.ts";
import { ServerClock } from "../../static/js/workspace/serverclock.ts";
import { urgencyAt } from "../../static/js/workspace/warning.ts";

const HOUR = 3_600_000;

/** A computer with two clocks: `wall` can be set, `steady` only runs. */
function computer(): { clock: ServerClock; pass(ms: number): void; set(by: number): void } {
  let [wall, steady] = [1_000_000, 50];
  return {
    clock: new ServerClock(() => wall, () => steady),
    pass: (ms) => ([wall, steady] = [wall + ms, steady + ms]),
    set: (by) => (wall += by),
  };
}

test("minutes and seconds are shown near the end only", () => {
  assert.deepEqual([3_725, 3_599, 601, 600, 245, 9.9, -3].map(clock), ["1:02", "0:59", "0:10", "10:00", "4:05", "0:09", "0:00"]);
});

test("a computer whose clock is wrong shows the server's time", () => {
  const { clock, pass } = computer();
  clock.set(7 * HOUR);
  pass(1_500);
  assert.equal(clock.now(), 7 * HOUR + 1_500);
});

test("a clock that is set while the page is open is noticed once, and put right by the next answer", () => {
  const { clock, pass, set } = computer();
  clock.set(7 * HOUR);
  pass(4_000);
  assert.ok(!clock.hasJumped());
  for (const jump of [HOUR, -2 * HOUR]) {
    set(jump);
    assert.ok(clock.hasJumped());
    assert.ok(!clock.hasJumped());
    clock.set(7 * HOUR);
    assert.equal(clock.now(), 7 * HOUR);
  }
});

test("the end is urgent two minutes before, and worth a word ten minutes before", () => {
  const at = [601, 600, 121, 120, 1, 0, -5].map(urgencyAt);
  assert.deepEqual(at, ["none", "soon", "soon", "urgent", "urgent", "none", "none"]);
});

test("a time of another day says which day", () => {
  const today = new Date(2026, 4, 2, 12, 40).getTime();
  const yesterday = new Date(2026, 4, 1, 9, 5).getTime();
  assert.match(moment(today, today, "en-GB"), /^12:40$/);
  assert.match(moment(yesterday, today, "en-GB"), /1 May.*0?9:05/);
});
