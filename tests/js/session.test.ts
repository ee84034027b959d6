import assert from "node:assert/strict";
import { test } from "node:test";
import { ACK_EVERY, Position, Session } from "../../static/js/workspace/session.ts";

const bytes = (count: number): Uint8Array => new Uint8Array(count);
const attached = { shell: "a1", offset: 100, replay: 0, reset: false };

test("a page that never saw a shell resumes nothing", () => {
  assert.deepEqual(new Position().query(), {});
});

test("a page resumes where it has received up to, drawn or not", () => {
  const position = new Position();
  const session = new Session(position, attached);
  session.received(bytes(30));
  session.received(bytes(12));
  session.drawn(30);
  assert.deepEqual(position.query(), { shell: "a1", offset: "142" });
});

test("a new shell starts its own count", () => {
  const position = new Position();
  new Session(position, attached).received(bytes(30));
  new Session(position, { shell: "b2", offset: 0, replay: 0, reset: true }).received(bytes(5));
  assert.deepEqual(position.query(), { shell: "b2", offset: "5" });
});

test("a forgotten shell is not resumed", () => {
  const position = new Position();
  new Session(position, attached);
  position.forget();
  assert.deepEqual(position.query(), {});
});

test("drawn bytes are acknowledged in bulk, each exactly once", () => {
  const session = new Session(new Position(), attached);
  let acknowledged = 0;
  let frames = 0;
  for (let i = 0; i < 100; i += 1) {
    const due = session.drawn(4_096);
    acknowledged += due;
    frames += due ? 1 : 0;
  }
  assert.equal(frames, Math.floor((100 * 4_096) / ACK_EVERY));
  assert.equal(acknowledged, frames * ACK_EVERY);
});

test("no more than 64 KiB are drawn without an acknowledgement", () => {
  assert.ok(ACK_EVERY <= 64 * 1024);
  assert.equal(new Session(new Position(), attached).drawn(64 * 1024), 64 * 1024);
});

test("the replay lasts until its last byte is drawn", () => {
  const session = new Session(new Position(), { ...attached, replay: 50 });
  session.received(bytes(50));
  assert.ok(session.isReplaying);
  session.drawn(49);
  assert.ok(session.isReplaying);
  session.drawn(1);
  assert.ok(!session.isReplaying);
});

test("without a replay, the terminal may answer at once", () => {
  assert.ok(!new Session(new Position(), attached).isReplaying);
});

test("bytes are cut where the replay ends", () => {
  const session = new Session(new Position(), { ...attached, replay: 50 });
  const sizes = (count: number): number[] => session.received(bytes(count)).map((piece) => piece.length);
  assert.deepEqual(sizes(20), [20]);
  assert.deepEqual(sizes(40), [30, 10]);
  assert.deepEqual(sizes(40), [40]);
});
