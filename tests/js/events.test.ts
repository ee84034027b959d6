import assert from "node:assert/strict";
import { test } from "node:test";
import { Bookmark } from "../../static/js/workspace/events.ts";
import { beginsGroup } from "../../static/js/workspace/flow.ts";
import { parseFrame, type FlowEvent, type LogEvent, type TerminalFrame } from "../../static/js/workspace/protocol.ts";

const log = (id: number): LogEvent => ({ type: "log", id, at: "2026-01-01T00:00:00Z", source: "daemon", line: "" });

function flow(at: number, command: string, from = "client"): FlowEvent {
  const iso = new Date(at).toISOString();
  return { type: "flow", id: at, at: iso, step: 1, from, to: "daemon", call: "", status: null, ms: null, command, text: "" };
}

test("an event seen before is not new", () => {
  const bookmark = new Bookmark();
  assert.deepEqual([5, 7, 7, 6, 8].map((id) => bookmark.isNew(log(id))), [true, true, false, false, true]);
  assert.equal(bookmark.after, 8);
});

test("the state is always news", () => {
  const bookmark = new Bookmark();
  bookmark.isNew(log(9));
  assert.ok(bookmark.isNew({ type: "state", state: "running", id: 3, at: "" }));
  assert.equal(bookmark.after, 9);
});

test("frames that are broken, or of an unknown type, are dropped", () => {
  const types: TerminalFrame["type"][] = ["attached", "exit"];
  for (const text of ["", "{", "null", "[]", '"exit"', '{"type": "surprise"}', "{}"]) assert.equal(parseFrame(text, types), null);
  assert.deepEqual(parseFrame('{"type": "exit", "code": 0}', types), { type: "exit", code: 0 });
});

test("all calls of one docker run are one story", () => {
  const calls = [flow(0, "run"), flow(20, "pull"), flow(900, "pull", "daemon"), flow(950, "run"), flow(960, "wait"), flow(970, "start")];
  assert.ok(beginsGroup(null, calls[0]!));
  for (let i = 1; i < calls.length; i += 1) assert.ok(!beginsGroup(calls[i - 1]!, calls[i]!));
});

test("the same command after a silence is another story, a long pull is not", () => {
  assert.ok(beginsGroup(flow(0, "start"), flow(3_000, "run")));
  assert.ok(!beginsGroup(flow(0, "pull"), flow(9_000, "pull", "daemon")));
});

test("another command begins its own story at once", () => {
  assert.ok(beginsGroup(flow(0, "ps"), flow(100, "images")));
});
