import assert from "node:assert/strict";
import { test } from "node:test";
import { Bookmark } from "../../static/js/workspace/events.ts";
import { parseFrame, type LogEvent, type StateEvent, type TerminalFrame } from "../../static/js/workspace/protocol.ts";

const log = (id: number): LogEvent => ({ type: "log", id, at: "2026-01-01T00:00:00Z", source: "daemon", line: "" });

test("an event seen before is not new", () => {
  const bookmark = new Bookmark();
  assert.deepEqual([5, 7, 7, 6, 8].map((id) => bookmark.isNew(log(id))), [true, true, false, false, true]);
  assert.equal(bookmark.after, 8);
});

test("the state is always news", () => {
  const bookmark = new Bookmark();
  bookmark.isNew(log(9));
  assert.ok(bookmark.isNew({ type: "state", id: 3, at: "" } as StateEvent));
  assert.equal(bookmark.after, 9);
});

test("frames that are broken, or of an unknown type, are dropped", () => {
  const types: TerminalFrame["type"][] = ["attached", "exit"];
  for (const text of ["", "{", "null", "[]", '"exit"', '{"type": "surprise"}', "{}"]) assert.equal(parseFrame(text, types), null);
  assert.deepEqual(parseFrame('{"type": "exit", "code": 0}', types), { type: "exit", code: 0 });
});
