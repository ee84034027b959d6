import assert from "node:assert/strict";
import { test } from "node:test";
import { Logbook } from "../../static/js/workspace/logbook.ts";
import { visible } from "../../static/js/workspace/logs.ts";

test("lines come out once, in order", () => {
  const book = new Logbook<number>(10);
  [1, 2, 3].forEach((line) => book.add(line));
  assert.deepEqual(book.take(), { added: [1, 2, 3], removed: 0 });
  assert.deepEqual(book.take(), { added: [], removed: 0 });
});

test("the oldest lines make room for new ones", () => {
  const book = new Logbook<number>(5);
  [1, 2, 3, 4].forEach((line) => book.add(line));
  book.take();
  [5, 6, 7].forEach((line) => book.add(line));
  assert.deepEqual(book.take(), { added: [5, 6, 7], removed: 2 });
  assert.deepEqual(book.all, [3, 4, 5, 6, 7]);
});

test("a flood between two drawings leaves only the newest, and the page's count agrees", () => {
  const book = new Logbook<number>(100);
  let drawn = 0;
  for (let line = 1; line <= 12_345; line += 1) {
    book.add(line);
    if (line % 777) continue;
    const { added, removed } = book.take();
    assert.ok(removed <= drawn);
    drawn += added.length - removed;
    assert.equal(drawn, book.all.length);
  }
  const { added, removed } = book.take();
  drawn += added.length - removed;
  assert.equal(drawn, 100);
  assert.equal(book.all.at(-1), 12_345);
  assert.equal(book.all[0], 12_246);
});

test("a cleared book is empty, and what waited is gone too", () => {
  const book = new Logbook<number>(5);
  book.add(1);
  book.take();
  book.add(2);
  book.clear();
  assert.deepEqual(book.take(), { added: [], removed: 0 });
  assert.equal(book.all.length, 0);
});

test("what would act on a page or a terminal is shown, not done", () => {
  assert.equal(visible("\x1b]0;title\x07 \x1b[2J\r\0\x7f"), "␛]0;title␇ ␛[2J␍␀�");
  assert.equal(visible("gpj.\u202etxt\u2066 \x9b2J"), "gpj.�txt� �2J");
  assert.equal(visible("pōhā <b>पोहा</b>\n\tनमक 🍚"), "pōhā <b>पोहा</b>\n\tनमक 🍚");
});
