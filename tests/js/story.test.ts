import assert from "node:assert/strict";
import { test } from "node:test";
import { inCommon } from "../../static/js/workspace/flow/alike.ts";
import { inWords } from "../../static/js/workspace/flow/statuses.ts";
import { isRefused, statusOf, Story, type Command } from "../../static/js/workspace/flow/story.ts";
import { answer, call } from "./moments.ts";

const sizes = (command: Command | null): number[] => command?.folds.map((fold) => fold.arrows.length) ?? [];
const blob = (digest: string) => ({ step: 2, from: "daemon", to: "registry", call: `GET /v2/sarafa/poha/blobs/sha256:${digest}…` }) as const;

test("the calls of two commands at once are told apart by their order", () => {
  const story = new Story();
  for (const order of [1, 2, 1, 2, 2]) story.add(call(order, { call: `call of ${order}` }));
  assert.deepEqual(story.commands.map((command) => [command.order, command.calls]), [[2, 3], [1, 2]]);
});

test("the newest command comes first, even if an older one is heard of later", () => {
  const story = new Story();
  for (const order of [5, 9, 7]) story.add(call(order));
  assert.deepEqual(story.commands.map((command) => command.order), [9, 7, 5]);
});

test("a command is called what the first call that knows it says", () => {
  const story = new Story();
  story.add(call(1));
  story.add(call(1, { command: "run", line: "docker run poha" }));
  story.add(call(1, { command: "pull", line: "something else" }));
  assert.deepEqual([story.of(1)?.name, story.of(1)?.line], ["run", "docker run poha"]);
});

test("an answer finds its call, also between those of another command", () => {
  const story = new Story();
  story.add(call(1, { key: 7 }));
  story.add(call(2, { key: 8 }));
  assert.equal(story.answer(answer(1, 7, { status: 404 })), story.of(1));
  const [arrow] = story.of(1)?.arrows ?? [];
  assert.ok(arrow && isRefused(arrow));
  assert.equal(statusOf(arrow), 404);
});

test("an answer to a call that is not known is ignored", () => {
  const story = new Story();
  story.add(call(1, { key: 7 }));
  assert.equal(story.answer(answer(1, 8)), null);
  assert.equal(story.answer(answer(2, 7)), null);
});

test("a command lasts from its first call to its last answer", () => {
  const story = new Story();
  story.add(call(1, { key: 7 }, 100));
  story.answer(answer(1, 7, {}, 412));
  assert.equal(story.of(1)?.lasted, 312);
});

test("calls that differ in digests, ids and numbers only are folded, if they follow each other", () => {
  const story = new Story();
  for (const digest of ["0a1b2c3d4e5f", "112233445566", "aabbccddeeff"]) story.add(call(1, blob(digest)));
  story.add(call(1, { call: "POST /containers/create" }));
  story.add(call(1, blob("998877665544")));
  assert.deepEqual(sizes(story.of(1)), [3, 1, 1]);
});

test("a hit is not folded with a miss, nor one lane's call with another's", () => {
  const story = new Story();
  const look = { from: "daemon", to: "cache", call: "layer 1" } as const;
  story.add(call(1, { ...look, outcome: "hit" }));
  story.add(call(1, { ...look, outcome: "miss" }));
  story.add(call(1, { ...look, to: "registry", outcome: "miss" }));
  assert.deepEqual(sizes(story.of(1)), [1, 1, 1]);
});

test("what folded calls have in common is shown, and only what differs left out", () => {
  const calls = ["0a1b2c3d4e5f", "112233445566"].map((digest) => blob(digest).call);
  assert.equal(inCommon(calls), "GET /v2/sarafa/poha/blobs/…");
  assert.equal(inCommon(["GET /v2/", "GET /v2/"]), "GET /v2/");
});

test("a flood keeps the newest calls of a command, and counts the others", () => {
  const story = new Story(40, 200);
  for (let key = 1; key <= 1_000; key += 1) story.add(call(1, { key, call: key % 3 ? "GET /info" : "GET /version" }));
  const command = story.of(1);
  assert.deepEqual([command?.calls, command?.leftOut, command?.arrows.length], [1_000, 800, 200]);
  assert.equal(command?.arrows.at(-1)?.event.key, 1_000);
  assert.equal(story.answer(answer(1, 800)), null);
  assert.equal(story.answer(answer(1, 801)), command);
});

test("only so many commands are kept, and what comes of one that is gone is dropped", () => {
  const story = new Story(3);
  for (const order of [1, 2, 3, 4, 5]) story.add(call(order));
  assert.deepEqual(story.commands.map((command) => command.order), [5, 4, 3]);
  assert.equal(story.add(call(1)), null);
  assert.equal(story.commands.length, 3);
});

test("a status is said in words, if it has any", () => {
  assert.deepEqual([201, 404, 409, 599].map(inWords), ["201 Created", "404 Not Found", "409 Conflict", "599"]);
});
