import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { HomeFiles, type FileContent, type Files, type Reply } from "../../static/js/editor/api.ts";
import { difference } from "../../static/js/editor/difference.ts";
import { Drafts } from "../../static/js/editor/drafts.ts";
import { indentOf, languageOf } from "../../static/js/editor/languages.ts";
import { inHome } from "../../static/js/editor/newfile.ts";
import { SavedFile } from "../../static/js/editor/savedfile.ts";
import { lineBreakOf } from "../../static/js/editor/surface.ts";

/** A home as the server keeps it: each content has a version of its own, and only the newest can be replaced. */
class Home implements Files {
  readonly held = new Map<string, string>();
  readonly writes: string[] = [];
  trouble: Extract<Reply<never>, { error: string }> | null = null;
  /** Holds back the answers to writes until it is called. */
  private letGo: (() => void) | null = null;

  version(path: string): string {
    return this.held.has(path) ? `of ${this.held.get(path)}` : "-";
  }

  hold(): () => void {
    let open = (): void => undefined;
    const gate = new Promise<void>((done) => (open = done));
    this.gate = () => gate;
    this.letGo = open;
    return () => {
      this.gate = () => Promise.resolve();
      this.letGo?.();
    };
  }

  async list(): Promise<Reply<{ entries: [] }>> {
    return { kind: "ok", body: { entries: [] } };
  }

  async read(path: string): Promise<Reply<FileContent>> {
    if (this.trouble) return this.trouble;
    const text = this.held.get(path);
    return text === undefined ? { kind: "not-there" } : { kind: "ok", body: { text, version: this.version(path) } };
  }

  async write(path: string, text: string, version: string): Promise<Reply<{ version: string }>> {
    this.writes.push(text);
    const { trouble } = this;
    const fits = version === this.version(path);
    if (!trouble && fits) this.held.set(path, text);
    await this.gate();
    if (trouble) return trouble;
    return fits ? { kind: "ok", body: { version: this.version(path) } } : { kind: "conflict", error: "changed" };
  }

  private gate: () => Promise<void> = () => Promise.resolve();
}

class Shelf implements Storage {
  [name: string]: unknown;
  private readonly items = new Map<string, string>();
  isFull = false;

  get length(): number {
    return this.items.size;
  }

  key(at: number): string | null {
    return [...this.items.keys()][at] ?? null;
  }

  getItem(key: string): string | null {
    return this.items.get(key) ?? null;
  }

  setItem(key: string, value: string): void {
    if (this.isFull) throw new Error("QuotaExceededError");
    this.items.set(key, value);
  }

  removeItem(key: string): void {
    this.items.delete(key);
  }

  clear(): void {
    this.items.clear();
  }
}

const AWAY = { kind: "later", error: "The server does not answer." } as const;
let home: Home;
let shelf: Shelf;
let drafts: Drafts;

beforeEach(() => {
  home = new Home();
  home.held.set("f", "one");
  shelf = new Shelf();
  drafts = new Drafts("7", shelf);
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
});

afterEach(() => mock.timers.reset());

function opened(path = "f"): SavedFile {
  return new SavedFile(path, { text: home.held.get(path) ?? "", version: home.version(path) }, home, drafts);
}

async function settled(): Promise<void> {
  await new Promise((done) => setImmediate(done));
}

async function later(milliseconds: number): Promise<void> {
  mock.timers.tick(milliseconds);
  await settled();
}

// --- saving ---

test("what is typed is saved a second after the last key, once", async () => {
  const file = opened();
  for (const text of ["one t", "one tw", "one two"]) {
    file.edit(text);
    await later(600);
  }
  assert.deepEqual(home.writes, []);
  assert.equal(file.status.name, "unsaved");
  await later(400);
  assert.deepEqual(home.writes, ["one two"]);
  assert.equal(file.status.name, "saved");
  assert.deepEqual(drafts.paths, []);
});

test("what is typed while a save is on its way is saved after it, over its version", async () => {
  const file = opened();
  const letGo = home.hold();
  file.edit("two");
  void file.save();
  file.edit("three");
  await later(1_000);
  assert.deepEqual(home.writes, ["two"]);
  letGo();
  await settled();
  await later(1_000);
  assert.deepEqual(home.writes, ["two", "three"]);
  assert.equal(home.held.get("f"), "three");
  assert.equal(file.status.name, "saved");
});

test("nothing is written where nothing differs", async () => {
  const file = opened();
  file.edit("two");
  file.edit("one");
  await file.save();
  await later(5_000);
  assert.deepEqual(home.writes, []);
  assert.equal(file.status.name, "saved");
  assert.deepEqual(drafts.paths, []);
});

test("what a server refuses is not sent again until it is changed", async () => {
  const file = opened();
  home.trouble = { kind: "refused", error: "Too large." };
  file.edit("large");
  await later(1_000);
  assert.deepEqual(file.status, { name: "refused", why: "Too large." });
  await later(60_000);
  assert.equal(home.writes.length, 1);
  home.trouble = null;
  file.edit("small");
  await later(1_000);
  assert.equal(file.status.name, "saved");
});

// --- the server, the network or the sandbox is away ---

test("what cannot be saved is kept, tried again, and saved in the end", async () => {
  const file = opened();
  home.trouble = AWAY;
  file.edit("two");
  await later(1_000);
  assert.deepEqual(file.status, { name: "kept", why: AWAY.error });
  assert.deepEqual(drafts.of("f"), { text: "two", version: "of one" });
  await later(2_000);
  assert.equal(home.writes.length, 2);
  home.trouble = null;
  file.retry();
  await settled();
  assert.equal(home.held.get("f"), "two");
  assert.equal(file.status.name, "saved");
  assert.deepEqual(drafts.paths, []);
});

test("a sandbox that does not run is no conflict", async () => {
  const file = opened();
  home.trouble = { kind: "conflict", error: "Your sandbox is not running." };
  file.edit("two");
  await later(1_000);
  assert.deepEqual(file.status, { name: "kept", why: "Your sandbox is not running." });
});

test("a page that comes back saves what the one before could not", async () => {
  home.trouble = AWAY;
  const before = opened();
  before.edit("two");
  await later(1_000);
  home.trouble = null;
  const after = opened();
  after.resume(drafts.of("f") ?? assert.fail("no draft"));
  assert.equal(after.text, "two");
  await later(1_000);
  assert.equal(home.held.get("f"), "two");
});

test("a draft of a file that cannot be read yet is saved when it can", async () => {
  home.trouble = AWAY;
  const file = SavedFile.ofDraft("f", { text: "two", version: "of one" }, home, drafts, AWAY.error);
  assert.equal(file.status.name, "kept");
  home.trouble = null;
  file.retry();
  await settled();
  assert.equal(home.held.get("f"), "two");
});

test("a page that the browser keeps nothing for says that work would be lost", async () => {
  const file = opened();
  shelf.isFull = true;
  file.edit("two");
  assert.ok(file.isAtRisk);
  await later(1_000);
  assert.ok(!file.isAtRisk);
});

test("drafts are the learner's own, and another tab's newer one is not dropped", () => {
  drafts.keep("f", { text: "mine", version: "v" });
  assert.deepEqual(new Drafts("8", shelf).paths, []);
  assert.equal(new Drafts("8", shelf).of("f"), null);
  drafts.drop("f", "older");
  assert.equal(drafts.of("f")?.text, "mine");
  drafts.drop("f", "mine");
  assert.equal(drafts.of("f"), null);
  shelf.setItem("draft:7:f", '{"text": 3}');
  assert.equal(drafts.of("f"), null);
});

// --- something else changes the file ---

async function conflict(): Promise<SavedFile> {
  const file = opened();
  home.held.set("f", "theirs");
  file.edit("mine");
  await later(1_000);
  assert.equal(file.status.name, "changed");
  return file;
}

test("a file that changed underneath is not overwritten", async () => {
  const file = await conflict();
  file.edit("mine, longer");
  await file.save();
  await later(60_000);
  assert.equal(home.held.get("f"), "theirs");
  assert.equal(drafts.of("f")?.text, "mine, longer");
});

test("keep mine: it is saved over theirs", async () => {
  const file = await conflict();
  file.keepMine();
  await settled();
  assert.equal(home.held.get("f"), "mine");
  assert.equal(file.status.name, "saved");
});

test("keep mine asks again if it changed once more", async () => {
  const file = await conflict();
  home.held.set("f", "theirs again");
  file.keepMine();
  await settled();
  assert.equal(file.status.name, "changed");
  assert.equal(home.held.get("f"), "theirs again");
});

test("take theirs: mine goes", async () => {
  const file = await conflict();
  let replaced = "";
  file.onReplace = () => (replaced = file.text);
  file.takeTheirs();
  await later(60_000);
  assert.equal(replaced, "theirs");
  assert.equal(home.held.get("f"), "theirs");
  assert.deepEqual(drafts.paths, []);
});

test("the same change on both sides is none to ask about", async () => {
  const file = opened();
  home.held.set("f", "two");
  file.edit("two");
  await later(1_000);
  assert.equal(file.status.name, "saved");
});

test("a draft of another version asks at once", () => {
  const file = opened();
  file.resume({ text: "mine", version: "of an older one" });
  assert.deepEqual(file.status, { name: "changed", theirs: { text: "one", version: "of one" } });
});

test("who looks and has typed nothing is shown the change", async () => {
  const file = opened();
  home.held.set("f", "theirs");
  await file.look();
  assert.equal(file.text, "theirs");
  assert.equal(file.status.name, "saved");
});

test("a look that was overtaken by a save says nothing", async () => {
  const file = opened();
  const look = file.look();
  file.edit("two");
  void file.save();
  await look;
  await settled();
  assert.equal(file.status.name, "saved");
  assert.equal(file.text, "two");
});

test("a file that was removed is put back only if the learner says so", async () => {
  const file = opened();
  home.held.delete("f");
  file.edit("two");
  await later(1_000);
  assert.equal(file.status.name, "gone");
  await later(60_000);
  assert.ok(!home.held.has("f"));
  file.keepMine();
  await settled();
  assert.equal(home.held.get("f"), "two");
});

test("a removed file that is let go leaves nothing", async () => {
  const file = opened();
  home.held.delete("f");
  file.edit("two");
  await later(1_000);
  file.discard();
  await later(60_000);
  assert.ok(!home.held.has("f"));
  assert.deepEqual(drafts.paths, []);
  assert.ok(!file.isDirty);
});

// --- what the server answers ---

const json = (body: object, status = 200): Response => Response.json(body, { status });

async function answered(response: Response): Promise<Reply<unknown>> {
  mock.method(globalThis, "fetch", async () => response);
  const reply = await new HomeFiles(() => "/sandbox/abc/", "token").write("f", "text", "-");
  mock.restoreAll();
  return reply;
}

test("an answer of the server is one of a few replies", async () => {
  assert.deepEqual(await answered(json({ version: "v" })), { kind: "ok", body: { version: "v" } });
  assert.deepEqual(await answered(json({ error: "Changed." }, 409)), { kind: "conflict", error: "Changed." });
  assert.deepEqual(await answered(json({ error: "There is none." }, 404)), { kind: "not-there" });
  assert.deepEqual(await answered(json({ error: "Too large." }, 413)), { kind: "refused", error: "Too large." });
  assert.deepEqual(await answered(json({ error: "No engine." }, 503)), { kind: "later", error: "No engine." });
  assert.deepEqual(await answered(json({ error: "Too often." }, 429)), { kind: "later", error: "Too often." });
});

test("an answer that is none of the API's own is understood by its number", async () => {
  const kindOf = async (status: number): Promise<string> => (await answered(new Response("<h1>No</h1>", { status }))).kind;
  assert.deepEqual(await Promise.all([401, 403, 404, 500, 502].map(kindOf)), ["later", "later", "later", "later", "later"]);
  assert.equal(await kindOf(400), "refused");
});

test("where there is no sandbox, nothing is asked", async () => {
  const asked = mock.method(globalThis, "fetch", async () => json({}));
  assert.equal((await new HomeFiles(() => null, "").read("f")).kind, "later");
  assert.equal(asked.mock.callCount(), 0);
  mock.restoreAll();
});

test("a path is sent as it is, and a save with the token", async () => {
  const asked = mock.method(globalThis, "fetch", async () => json({}));
  await new HomeFiles(() => "/sandbox/abc/", "secret").write("a b/c&d=#é", "text", "-");
  const [url, options] = asked.mock.calls[0]?.arguments as unknown as [string, RequestInit];
  assert.equal(new URL(url, "http://here").searchParams.get("path"), "a b/c&d=#é");
  assert.equal((options.headers as Record<string, string>)["X-CSRFToken"], "secret");
  mock.restoreAll();
});

// --- texts ---

test("a difference shows what only one of the two has", () => {
  assert.deepEqual(difference("a\nb\nc\nd\ne", "a\nb\nX\nd\ne").map(({ sign, text }) => sign + text), [" a", " b", "-c", "+X", " d", " e"]);
  assert.deepEqual(difference("a", "a\nb").map(({ sign, text }) => sign + text), [" a", "+b"]);
  assert.deepEqual(difference("x\nx", "x").map(({ sign, text }) => sign + text), [" x", "-x"]);
});

test("lines end as they did", () => {
  assert.equal(lineBreakOf("a\r\nb\r\n"), "\r\n");
  assert.equal(lineBreakOf("a\r\nb\n"), "\n");
  assert.equal(lineBreakOf("a"), "\n");
});

test("a file is coloured by its name, or by its first line", () => {
  for (const name of ["Dockerfile", "dish/Dockerfile.dev", "compose.yaml", ".bashrc", "a.py", "x/index.html"]) {
    assert.equal(languageOf(name, "").length, 1, name);
  }
  assert.equal(languageOf("serve", "#!/bin/sh\n").length, 1);
  assert.equal(languageOf("poha.txt", "poha").length, 0);
  assert.equal(indentOf("Makefile"), "\t");
});

test("a path is taken from the home on, however it was written", () => {
  assert.deepEqual(["~/a/b", "./a", "/home/learner/a", " a ", "../a"].map(inHome), ["a/b", "a", "a", "a", "../a"]);
});
