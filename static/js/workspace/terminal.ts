import { Sender } from "./sender.ts";
import { parseFrame, type TerminalFrame } from "./protocol.ts";
import { Position, Session } from "./session.ts";
import { Socket } from "./socket.ts";
import type { Screen } from "./screen.ts";
import type { Verdict } from "./closing.ts";
import { say } from "../strings.ts";

export type Connection = "off" | "connecting" | "on" | "lost" | "ended";

export interface ShellEvents {
  connection(state: Connection, verdict?: Verdict, tries?: number): void;
  notice(text: string): void;
  pasting(bytesLeft: number): void;
}

const FRAMES: TerminalFrame["type"][] = ["attached", "exit", "taken", "notice"];
const INTERRUPT = 3;
const encoder = new TextEncoder();

/** The learner's shell on the screen: resumed after a lost connection, and never told anything twice. */
export class Shell {
  private code = "";
  private session: Session | null = null;
  private state: Connection = "off";
  private readonly position = new Position();
  private readonly socket: Socket;
  private readonly sender: Sender;

  constructor(
    private readonly screen: Screen,
    private readonly events: ShellEvents,
  ) {
    this.socket = new Socket({
      path: () => this.path(),
      onMessage: (data) => (typeof data === "string" ? this.control(data) : this.output(new Uint8Array(data))),
      onLost: (verdict, tries) => this.lost(verdict, tries),
    });
    this.sender = new Sender(this.socket, (left) => this.events.pasting(left));
    const { terminal } = screen;
    terminal.onData((data) => this.typed(data));
    terminal.onBinary((data) => this.keys(Uint8Array.from(data, (letter) => letter.charCodeAt(0) & 255)));
    terminal.onResize(() => this.tellSize());
    terminal.textarea?.addEventListener("focus", () => this.tellSize());
    window.addEventListener("focus", () => this.tellSize());
  }

  /** Connect to the shell of this sandbox; a sandbox that was made anew has a new one. */
  start(code: string): void {
    if (this.state !== "off") return;
    if (code !== this.code) this.position.forget();
    this.code = code;
    this.become("connecting");
    this.socket.start();
  }

  stop(): void {
    this.disconnect();
    this.become("off");
  }

  /** Type a command and Enter into the shell. Return false, and keep nothing for later, if no shell listens now. */
  run(command: string): boolean {
    if (this.state !== "on" || !this.session || this.session.isReplaying) return false;
    const text = command.replace(/\r?\n/g, "\r").replace(/\r+$/, "");
    const asPaste = text.includes("\r") && this.screen.terminal.modes.bracketedPasteMode;
    return this.sender.send(encoder.encode(asPaste ? `\x1b[200~${text}\x1b[201~\r` : `${text}\r`));
  }

  private path(): string {
    const { cols, rows } = this.screen.terminal;
    const query = new URLSearchParams({ cols: String(cols), rows: String(rows), ...this.position.query() });
    return `/ws/sandbox/${this.code}/terminal/client/?${query}`;
  }

  private control(data: string): void {
    const frame = parseFrame<TerminalFrame>(data, FRAMES);
    if (frame?.type === "attached") {
      this.session = new Session(this.position, frame);
      this.sender.open(frame.window);
      // In its turn: what was received before belongs to the screen before.
      if (frame.reset) this.screen.terminal.write("", () => this.screen.terminal.reset());
      this.become("on");
      this.tellSize();
    } else if (frame?.type === "exit") {
      this.ended(frame.code);
    } else if (frame?.type === "taken") {
      this.sender.taken(frame.bytes);
    } else if (frame?.type === "notice") {
      this.events.notice(frame.text);
    }
  }

  private output(bytes: Uint8Array): void {
    const { session } = this;
    // Before "attached" comes only what kept the shell from coming.
    if (!session) return this.screen.terminal.write(bytes);
    for (const piece of session.received(bytes)) {
      this.screen.terminal.write(piece, () => {
        const due = session.drawn(piece.length);
        if (due && session === this.session) this.socket.send(JSON.stringify({ type: "ack", bytes: due }));
      });
    }
  }

  private typed(data: string): void {
    if (this.state === "ended" && data === "\r") this.again();
    else this.keys(encoder.encode(data));
  }

  private keys(bytes: Uint8Array<ArrayBuffer>): void {
    if (!this.session || this.session.isReplaying) return;
    // Ctrl+C stops a long paste too: what has not been sent is not sent any more.
    if (bytes.length === 1 && bytes[0] === INTERRUPT) this.sender.clear();
    this.sender.send(bytes);
  }

  private tellSize(): void {
    const { cols, rows } = this.screen.terminal;
    if (this.session) this.socket.send(JSON.stringify({ type: "resize", cols, rows }));
  }

  private ended(code: number | null): void {
    this.disconnect();
    this.position.forget();
    const text = code === null ? say("shell-ended") : say("shell-ended-code", { code });
    this.screen.terminal.write(`\r\n\x1b[0m\x1b[33m${text}\x1b[0m\r\n`);
    this.become("ended");
    this.events.notice(text);
  }

  private again(): void {
    this.become("off");
    this.start(this.code);
  }

  private lost(verdict: Verdict, tries: number): void {
    this.session = null;
    const unsent = this.sender.clear();
    if (unsent) this.events.notice(say("paste-cut", { bytes: unsent }));
    this.become(verdict === "sign-in" || verdict === "ask-anew" ? "off" : "lost", verdict, tries);
  }

  private disconnect(): void {
    this.socket.stop();
    this.session = null;
    this.sender.clear();
  }

  private become(state: Connection, verdict?: Verdict, tries?: number): void {
    this.state = state;
    this.events.connection(state, verdict, tries);
  }
}
