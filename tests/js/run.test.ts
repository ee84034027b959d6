import assert from "node:assert/strict";
import { test } from "node:test";
import { runBlock, type Runner } from "../../static/js/workspace/run.ts";

class Terminal implements Runner {
  readonly ran: string[] = [];
  revealed = 0;
  refused = 0;

  constructor(public isConnected: boolean) {}

  run(command: string): boolean {
    if (this.isConnected) this.ran.push(command);
    return this.isConnected;
  }
  reveal(): void {
    this.revealed += 1;
  }
  refuse(): void {
    this.refused += 1;
  }
}

test("a click runs the block once, and shows the terminal", () => {
  const terminal = new Terminal(true);
  runBlock("docker version", terminal);
  assert.deepEqual(terminal.ran, ["docker version"]);
  assert.deepEqual([terminal.revealed, terminal.refused], [1, 0]);
});

test("without a connection nothing is run, then or later, and that is said", () => {
  const terminal = new Terminal(false);
  runBlock("docker version", terminal);
  terminal.isConnected = true;
  assert.deepEqual(terminal.ran, []);
  assert.deepEqual([terminal.revealed, terminal.refused], [0, 1]);
});

test("a block without a command does nothing", () => {
  const terminal = new Terminal(true);
  runBlock(undefined, terminal);
  runBlock("", terminal);
  assert.deepEqual([terminal.ran.length, terminal.revealed, terminal.refused], [0, 0, 0]);
});
