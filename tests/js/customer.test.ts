import assert from "node:assert/strict";
import { test } from "node:test";
import { newcomers } from "../../static/js/workspace/customer.ts";
import type { Served } from "../../static/js/workspace/protocol.ts";

const run = (pushed_at: string): Served => ({ image: "warehouse:5000/me/poha", output: "", code: 0, pushed_at });

test("what the customer got before the page was opened is no news", () => {
  assert.deepEqual(newcomers(null, [run("b"), run("a")]), []);
});

test("the first he ever gets is", () => {
  assert.deepEqual(newcomers([], [run("a")]), [run("a")]);
});

test("so is one that was pushed before another, and took him longer", () => {
  assert.deepEqual(newcomers(["b"], [run("b"), run("a")]), [run("a")]);
});
