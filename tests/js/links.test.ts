import assert from "node:assert/strict";
import { test } from "node:test";
import { addressOf } from "../../static/js/workspace/links.ts";

test("a link leads to a page, or nowhere", () => {
  assert.equal(addressOf("https://docs.docker.com/")?.host, "docs.docker.com");
  assert.equal(addressOf("http://127.0.0.1:8080/a?b")?.host, "127.0.0.1:8080");
  for (const link of ["javascript:alert(1)", "java\nscript:alert(1)", " javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x",
    "file:///etc/passwd", "blob:http://a/b", "vbscript:x", "mailto:a@b", "//evil.example/", "not a link", ""]) {
    assert.equal(addressOf(link), null, link);
  }
});

test("the host that counts is shown, however the address is dressed up", () => {
  assert.equal(addressOf("https://docs.docker.com@evil.example/")?.host, "evil.example");
  assert.equal(addressOf("https://dоcker.com/")?.host.startsWith("xn--"), true); // its о is Cyrillic
  assert.doesNotMatch(addressOf("https://evil.example/\u202egpj.exe")?.href ?? "", /\u202e/);
});
