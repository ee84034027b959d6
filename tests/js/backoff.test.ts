import assert from "node:assert/strict";
import { test } from "node:test";
import { Backoff } from "../../static/js/workspace/backoff.ts";

test("the waits double, and never grow beyond the longest", () => {
  const backoff = new Backoff(500, 4_000, () => 1);
  assert.deepEqual([1, 2, 3, 4, 5].map(() => backoff.next()), [500, 1_000, 2_000, 4_000, 4_000]);
});

test("chance shortens a wait by at most half", () => {
  assert.equal(new Backoff(1_000, 9_000, () => 0).next(), 500);
  assert.equal(new Backoff(1_000, 9_000, () => 0.5).next(), 750);
});

test("a success makes the waits short again", () => {
  const backoff = new Backoff(500, 4_000, () => 1);
  backoff.next();
  backoff.next();
  assert.equal(backoff.count, 2);
  backoff.reset();
  assert.equal(backoff.count, 0);
  assert.equal(backoff.next(), 500);
});

test("a thousand failures still give a finite wait", () => {
  const backoff = new Backoff(500, 15_000, () => 1);
  for (let i = 0; i < 1_000; i += 1) backoff.next();
  assert.equal(backoff.next(), 15_000);
});
