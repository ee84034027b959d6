import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { SandboxClient, type Phase } from "../../static/js/workspace/sandbox.ts";
import { viewOf } from "../../static/js/workspace/status.ts";

const sandbox = (state: string, code = "abc") => ({ code, state, expires_at: null, error: "" });
const json = (body: object, status = 200): Response => Response.json(body, { status });

let answers: (() => Response | Promise<Response>)[] = [];
let asked: string[] = [];

beforeEach(() => {
  answers = [];
  asked = [];
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  globalThis.window = globalThis as unknown as Window & typeof globalThis;
  mock.method(globalThis, "fetch", async (url: string, init: RequestInit) => {
    asked.push(`${init.method} ${url}`);
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
  answers = [() => json({ ...sandbox("failed"), error: "No image." })];
  await it.ask();
  assert.deepEqual(it.phase, { name: "failed", error: "No image." });
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
  it.hear("running", null, "");
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
  it.hear("stopping", null, "");
  await later(2_000);
  answer(json(sandbox("starting", "new")));
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
  mock.timers.setTime(Date.parse("2026-01-01T00:00:00Z"));
  const headers = { Date: "Thu, 01 Jan 2026 00:01:00 GMT" };
  answers = [() => Response.json(sandbox("running"), { headers })];
  await it.ask();
  assert.equal(it.clockOffset, 60_000);
});
