import assert from "node:assert/strict";
import { test } from "node:test";
import { actionOf, withoutPasteMarks } from "../../static/js/workspace/clipboard.ts";
import { shareAfter } from "../../static/js/workspace/separator.ts";
import { next } from "../../static/js/workspace/tabs.ts";

const none = { key: "", code: "", ctrlKey: false, shiftKey: false, altKey: false, metaKey: false };
const ctrl = { ...none, ctrlKey: true };
const both = { ...ctrl, shiftKey: true };
const at = (type: "normal" | "alternate", marked = false) => ({ hasSelection: () => marked, buffer: { active: { type } } });

test("Ctrl+C interrupts, unless text is marked", () => {
  assert.equal(actionOf({ ...ctrl, code: "KeyC" }, at("normal")), null);
  assert.equal(actionOf({ ...ctrl, code: "KeyC" }, at("normal", true)), "copy");
});

test("the keys of the page", () => {
  const action = (code: string) => actionOf({ ...both, code }, at("normal"));
  assert.deepEqual(["KeyC", "KeyV", "KeyF", "Space", "Equal", "Minus"].map(action), ["copy", "native", "search", "leave", "larger", "smaller"]);
});

test("all other keys are the shell's", () => {
  for (const key of [{ ...none, key: "Tab", code: "Tab" }, { ...none, key: "Escape" }, { ...ctrl, code: "KeyV" }, { ...both, code: "KeyR" }]) {
    assert.equal(actionOf(key, at("normal")), null);
  }
});

test("there is a way out of the terminal in every program", () => {
  assert.equal(actionOf({ ...none, key: "F6" }, at("normal")), "leave");
  assert.equal(actionOf({ ...none, key: "F6" }, at("alternate")), null);
  assert.equal(actionOf({ ...both, code: "Space" }, at("alternate")), "leave");
});

test("a pasted text cannot end the paste by itself", () => {
  assert.equal(withoutPasteMarks("ls\u001b[201~\rrm -rf /\u001b[200~"), "ls\rrm -rf /");
});

test("arrow keys go round the tabs", () => {
  assert.deepEqual([next("ArrowRight", 2, 3), next("ArrowLeft", 0, 3), next("Home", 2, 3), next("End", 0, 3)], [0, 2, 0, 2]);
  assert.equal(next("a", 0, 3), -1);
  assert.equal(next("ArrowRight", 0, 0), -1);
});

test("arrow keys move a separator, within its bounds", () => {
  const rows = { least: 20, most: 85, growsWith: "ArrowDown" } as const;
  assert.deepEqual([shareAfter("ArrowDown", 60, rows), shareAfter("ArrowUp", 60, rows)], [62, 58]);
  assert.deepEqual([shareAfter("ArrowDown", 85, rows), shareAfter("Home", 50, rows), shareAfter("End", 50, rows)], [85, 20, 85]);
  assert.equal(shareAfter("ArrowLeft", 60, rows), null);
});
