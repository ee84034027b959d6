import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { feedbackLines } from "../../static/js/workspace/tasks.ts";

const root = process.cwd();
const read = (file: string): string => readFileSync(path.join(root, file), "utf8");
const named = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].map((found) => found[1] ?? "");

function scripts(folder: string): string {
  const entries = readdirSync(path.join(root, folder), { recursive: true, encoding: "utf8" });
  return entries.filter((name) => name.endsWith(".ts")).map((name) => read(path.join(folder, name))).join("\n");
}

const templates = readdirSync(path.join(root, "templates"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".html"))
  .map((name) => path.join("templates", name));
const textsOf = (file: string): string[] => named(read(file), /data-s="([^"]+)"/g);
/** Pages that bring texts of their own, besides those that every page brings. */
const ALONE = ["console_strings.html", "wall.html", "watch.html", "projector.html"];
const alone = templates.filter((file) => ALONE.some((name) => file.endsWith(name)));
const together = templates.filter((file) => !alone.includes(file));
const brought = templates.flatMap(textsOf);
const source = scripts("static/js");

test("every text that a script says is brought by a template", () => {
  const said = named(source, /say\(\s*"([^"]+)"/g);
  assert.ok(said.length > 20);
  assert.deepEqual(said.filter((name) => !brought.includes(name)), []);
});

test("every text of a template is said by a script", () => {
  // Those of a viewer are said by its own wording: `${wording}-lost`.
  const prefixes = [...named(source, /say\(\s*`([^`$]+)\$\{/g), ...named(templates.map(read).join(), /wording(?:="|\|default:")(\w+)"/g)];
  const unused = brought.filter((name) => !source.includes(`"${name}"`) && !prefixes.some((prefix) => name.startsWith(prefix)));
  assert.deepEqual(unused, []);
});

test("no text is brought twice to a page", () => {
  for (const page of [together.flatMap(textsOf), ...alone.map(textsOf)]) assert.equal(new Set(page).size, page.length);
});

test("no page holds an inline script, handler or style", () => {
  for (const name of templates) {
    assert.doesNotMatch(read(name), /<script(?![^>]*src=)|\son\w+=|\sstyle=/);
  }
});

test("feedback has only the parts that say something, in their order", () => {
  assert.deepEqual(feedbackLines({ hint: "c", found: "a", expected: "" }), [
    { name: "found", text: "a" },
    { name: "hint", text: "c" },
  ]);
});
