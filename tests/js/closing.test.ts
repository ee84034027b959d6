import assert from "node:assert/strict";
import { test } from "node:test";
import { opensAgain, verdictOf } from "../../static/js/workspace/closing.ts";

test("each of the contract's close codes has its own meaning", () => {
  assert.equal(verdictOf(4401), "sign-in");
  assert.equal(verdictOf(4404), "ask-anew");
  assert.equal(verdictOf(4409), "not-running");
  assert.equal(verdictOf(4503), "engine-down");
});

test("a lost connection, a restarted server and an unknown code are tried again quietly", () => {
  for (const code of [1000, 1001, 1006, 1011, 1012, 4999]) assert.equal(verdictOf(code), "retry");
});

test("only a person, or another sandbox, mends some of them", () => {
  assert.deepEqual([4401, 4404, 4409, 4503, 1012].map((code) => opensAgain(verdictOf(code))), [false, false, true, true, true]);
});
