import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { Frame } from "../../static/js/frame.ts";

/** What waits for the screen's next frame; a screen that is off never comes to it. */
let waiting: Map<number, () => void>;

beforeEach(() => {
  waiting = new Map();
  let last = 0;
  Object.assign(globalThis, {
    requestAnimationFrame: (draw: () => void) => (waiting.set(++last, draw), last),
    cancelAnimationFrame: (frame: number) => waiting.delete(frame),
  });
  mock.timers.enable({ apis: ["setTimeout"] });
});
afterEach(() => mock.timers.reset());

function screen(): void {
  const due = [...waiting.values()];
  waiting.clear();
  due.forEach((draw) => draw());
}

test("however often it was asked for, one frame brings one drawing", () => {
  const draw = mock.fn();
  const frame = new Frame(draw);
  frame.request();
  frame.request();
  screen();
  mock.timers.tick(5_000);
  assert.equal(draw.mock.callCount(), 1);
  frame.request();
  screen();
  assert.equal(draw.mock.callCount(), 2);
});

test("a page that gets no frames draws a second later", () => {
  const draw = mock.fn();
  new Frame(draw).request();
  mock.timers.tick(999);
  assert.equal(draw.mock.callCount(), 0);
  mock.timers.tick(1);
  assert.equal(draw.mock.callCount(), 1);
  screen();
  assert.equal(draw.mock.callCount(), 1);
});

test("what is drawn at once is not drawn again", () => {
  const draw = mock.fn();
  const frame = new Frame(draw);
  frame.request();
  frame.now();
  screen();
  mock.timers.tick(5_000);
  assert.equal(draw.mock.callCount(), 1);
});
