import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import type { Sandbox, SandboxState } from "../../static/js/workspace/protocol.ts";
import { SandboxClient, type Phase } from "../../static/js/workspace/sandbox.ts";
import { viewOf } from "../../static/js/workspace/status.ts";

const NOON = "2026-01-01T12:00:00Z";
const sandbox = (state: SandboxState, more: Partial<Sandbox> = {}): Sandbox => ({
  code: "abc", state, expires_at: null, error: "", paused: false, can_extend: true, saved_at: null, left_out: 0, now: NOON,
  ...more,
});
const json = (body: object, status = 200): Response => Response.json(body, { status });

let answers: (() => Response | Promise<Response>)[] = [];
let asked: string[] = [];
let sent: (string | undefined)[] = [];

beforeEach(() => {
  answers = [];
  asked = [];
  sent = [];
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  globalThis.window = globalThis as unknown as Window & typeof globalThis;
  mock.method(globalThis, "fetch", async (url: string, init: RequestInit) => {
    asked.push(`${init.method} ${url}`);
    sent.push(init.body?.toString());
    const answer = answers.shift();
    if (!answer) throw new TypeError("Failed to fetch");
    return answer();
  });
});

afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
});

function client(): { it: SandboxClient; phases: Phase["name"][] } {
  const it = new SandboxClient("/sandbox/", "token");
  const phases: Phase["name"][] = [];
  it.onChange((phase) => phases.push(phase.name));
  return { it, phases };
}

async function later(milliseconds: number): Promise<void> {
  mock.timers.tick(milliseconds);
  for (let i = 0; i < 20; i += 1) await Promise.resolve();
  await new Promise((done) => setImmediate(done));
}

test("a sandbox is asked for, and looked at until it runs, even if no event comes", async () => {
  const { it, phases } = client();
  answers = [() => json(sandbox("starting")), () => json(sandbox("starting")), () => json(sandbox("running"))];
  await it.ask();
  await later(2_000);
  await later(2_000);
  assert.deepEqual(asked, ["POST /sandbox/", "GET /sandbox/abc/", "GET /sandbox/abc/"]);
  assert.equal(it.phase.name, "running");
  assert.deepEqual(phases, ["asking", "starting", "starting", "running"]);
});

test("a full house is asked again after the time it names", async () => {
  const { it } = client();
  answers = [() => json({ error: "Full.", retry_after: 4 }, 503), () => json(sandbox("running"))];
  await it.ask();
  assert.equal(it.phase.name, "full");
  await later(3_900);
  assert.equal(asked.length, 1);
  await later(200);
  assert.equal(it.phase.name, "running");
});

test("a server that does not answer is asked again", async () => {
  const { it } = client();
  await it.ask();
  assert.equal(it.phase.name, "unreachable");
  answers = [() => json(sandbox("running"))];
  await later(1_000);
  assert.equal(it.phase.name, "running");
});

test("a failed start says why, and waits for a person", async () => {
  const { it } = client();
  answers = [() => json(sandbox("failed", { error: "No image." }))];
  await it.ask();
  assert.deepEqual(it.phase, { name: "failed", error: "No image.", hasRun: false });
  assert.equal(viewOf(it.phase, 0).detail, "No image.");
  await later(60_000);
  assert.equal(asked.length, 1);
});

test("a session that is over is not asked again", async () => {
  for (const status of [401, 403]) {
    const { it } = client();
    answers = [() => json({ error: "Sign in." }, status)];
    await it.ask();
    assert.equal(it.phase.name, "signed-out");
  }
  await later(60_000);
  assert.equal(asked.length, 2);
});

test("an event counts more than an answer that was on its way", async () => {
  const { it } = client();
  answers = [() => json(sandbox("starting"))];
  await it.ask();
  let answer: (response: Response) => void = () => undefined;
  answers = [() => new Promise<Response>((resolve) => (answer = resolve))];
  const look = it.refresh();
  it.hear(sandbox("running"));
  answer(json(sandbox("starting")));
  await look;
  assert.equal(it.phase.name, "running");
});

test("a look never overtakes an order", async () => {
  const { it } = client();
  answers = [() => json(sandbox("running"))];
  await it.ask();
  let answer: (response: Response) => void = () => undefined;
  answers = [() => new Promise<Response>((resolve) => (answer = resolve))];
  const order = it.act("reset");
  it.hear(sandbox("stopping"));
  await later(2_000);
  answer(json(sandbox("starting", { code: "new" })));
  await order;
  assert.equal(it.code, "new");
  assert.equal(it.phase.name, "starting");
});

test("a refused extension leaves the sandbox running", async () => {
  const { it } = client();
  const said: string[] = [];
  it.onRefusal = (error) => said.push(error);
  answers = [() => json(sandbox("running")), () => json({ ...sandbox("running"), error: "Not now." }, 409)];
  await it.ask();
  await it.act("extend");
  assert.equal(it.phase.name, "running");
  assert.deepEqual(said, ["Not now."]);
});

test("the server's clock is the one that counts", async () => {
  const { it } = client();
  mock.timers.setTime(Date.parse("2020-05-05T05:00:00Z"));
  answers = [() => json(sandbox("running"))];
  await it.ask();
  assert.equal(it.clock.now(), Date.parse(NOON));
});

test("who waits keeps the place in view while the page asks again", async () => {
  const { it, phases } = client();
  const full = () => json({ error: "All sandboxes are taken. You are number 3 of 5 waiting.", retry_after: 5 }, 503);
  answers = [full, full, () => json(sandbox("starting"))];
  await it.ask();
  await later(5_000);
  await later(5_000);
  assert.deepEqual([...new Set(phases)], ["asking", "full", "starting"]);
  assert.equal(phases.filter((name) => name === "asking").length, 1);
});

test("who leaves the queue is not asked for again, and may come back", async () => {
  const { it } = client();
  answers = [() => json({ error: "Full.", retry_after: 5 }, 503)];
  await it.ask();
  it.leaveQueue();
  await later(60_000);
  assert.equal(it.phase.name, "left");
  assert.deepEqual(asked, ["POST /sandbox/", "POST /sandbox/queue/leave/"]);
  answers = [() => json(sandbox("running"))];
  await it.ask();
  assert.equal(it.phase.name, "running");
});

test("an answer on its way puts nobody back into the queue, but a sandbox is not lost", async () => {
  for (const [answer, then] of [[json({ error: "Full.", retry_after: 5 }, 503), "left"], [json(sandbox("running")), "running"]] as const) {
    const { it } = client();
    let give: (response: Response) => void = () => undefined;
    answers = [() => new Promise<Response>((resolve) => (give = resolve))];
    const order = it.ask();
    it.leaveQueue();
    give(answer);
    await order;
    assert.equal(it.phase.name, then);
  }
});

test("a tab that is looked at again does not wait for its timer", async () => {
  const { it } = client();
  answers = [() => json({ error: "Full.", retry_after: 30 }, 503), () => json(sandbox("running"))];
  await it.ask();
  it.hurry();
  await later(0);
  assert.equal(it.phase.name, "running");
  it.hurry();
  await later(60_000);
  assert.equal(asked.length, 2);
});

test("in the queue, a sandbox of old is not looked at any more", async () => {
  const { it } = client();
  answers = [() => json(sandbox("stopped")), () => json({ error: "Full.", retry_after: 5 }, 503)];
  await it.ask();
  await it.ask();
  await later(5_000); // no answer
  await later(1_000);
  assert.deepEqual(new Set(asked), new Set(["POST /sandbox/"]));
});

test("a reset takes the files along if it is told to", async () => {
  const { it } = client();
  answers = [() => json(sandbox("running")), () => json(sandbox("starting")), () => json(sandbox("starting"))];
  await it.ask();
  await it.act("reset", { files: "keep" });
  await it.act("reset");
  assert.deepEqual(sent.slice(1), ["files=keep", ""]);
});

test("a sandbox that stopped at its end is told from one that was stopped", async () => {
  for (const [expires_at, isTimeOver] of [["2026-01-01T11:59:58Z", true], ["2026-01-01T12:30:00Z", false], [null, false]] as const) {
    const { it } = client();
    answers = [() => json(sandbox("stopped", { expires_at }))];
    await it.ask();
    assert.deepEqual(it.phase, { name: "stopped", isTimeOver });
  }
});

test("what is known of the sandbox is kept with it", async () => {
  const { it } = client();
  answers = [() => json(sandbox("running", { can_extend: false }))];
  await it.ask();
  it.hear(sandbox("running", { paused: true, saved_at: NOON, left_out: 2, expires_at: NOON }));
  assert.deepEqual([it.isPaused, it.canExtend, it.leftOut], [true, true, 2]);
  assert.deepEqual([it.savedAt, it.expiresAt], [Date.parse(NOON), Date.parse(NOON)]);
});

test("who lost a sandbox is told which files come back", () => {
  const kept = "Your files come back.";
  assert.equal(viewOf({ name: "failed", error: "It is gone.", hasRun: true }, 0, kept).detail, "It is gone.\nYour files come back.");
  assert.equal(viewOf({ name: "stopped", isTimeOver: true }, 0, kept).detail, kept);
  assert.equal(viewOf({ name: "failed", error: "", hasRun: false }, 0).detail, "");
});
