import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { Sender, type Outlet } from "../../static/js/workspace/sender.ts";

class Wire implements Outlet {
  isOpen = true;
  bufferedAmount = 0;
  sent = 0;
  frames = 0;

  send(data: Uint8Array<ArrayBuffer>): boolean {
    if (!this.isOpen) return false;
    this.sent += data.length;
    this.frames += 1;
    this.bufferedAmount += data.length;
    return true;
  }
}

const bytes = (count: number): Uint8Array<ArrayBuffer> => new Uint8Array(count);
const MIB = 1024 * 1024;

test("a keystroke goes at once", () => {
  const wire = new Wire();
  assert.ok(new Sender(wire).send(bytes(1)));
  assert.equal(wire.sent, 1);
});

test("nothing is kept for a connection that is not there", () => {
  const wire = new Wire();
  wire.isOpen = false;
  const sender = new Sender(wire);
  assert.equal(sender.send(bytes(5)), false);
  assert.equal(sender.waiting, 0);
});

test("a large paste goes in pieces, as fast as the connection takes them", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const wire = new Wire();
  const sender = new Sender(wire);
  sender.send(bytes(10 * MIB));
  assert.ok(wire.bufferedAmount < 256 * 1024, "the browser's buffer stays small");
  for (let i = 0; i < 200 && sender.waiting; i += 1) {
    wire.bufferedAmount = 0;
    mock.timers.tick(20);
  }
  assert.equal(wire.sent, 10 * MIB);
  mock.timers.reset();
});

test("no more is on its way than the shell has room for", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const wire = new Wire();
  const sender = new Sender(wire);
  sender.open(64 * 1024);
  sender.send(bytes(MIB));
  wire.bufferedAmount = 0;
  mock.timers.tick(1_000);
  assert.equal(wire.sent, 64 * 1024);
  sender.taken(16 * 1024);
  assert.equal(wire.sent, 80 * 1024);
  sender.clear();
  mock.timers.reset();
});

test("what was not sent when the connection was lost is never sent", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const wire = new Wire();
  const sender = new Sender(wire);
  sender.send(bytes(MIB));
  wire.isOpen = false;
  const unsent = sender.clear();
  assert.equal(unsent + wire.sent, MIB);
  wire.isOpen = true;
  wire.bufferedAmount = 0;
  const sent = wire.sent;
  sender.open();
  mock.timers.tick(5_000);
  assert.equal(wire.sent, sent);
  mock.timers.reset();
});

test("progress is told, down to nothing", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const wire = new Wire();
  const told: number[] = [];
  const sender = new Sender(wire, (left) => told.push(left));
  sender.send(bytes(1));
  assert.deepEqual(told, [], "a keystroke is no news");
  sender.send(bytes(MIB));
  while (sender.waiting) {
    wire.bufferedAmount = 0;
    mock.timers.tick(20);
  }
  assert.ok(told.length > 2);
  assert.equal(told.at(-1), 0);
  mock.timers.reset();
});
