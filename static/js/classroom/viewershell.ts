import { parseFrame, type TerminalFrame } from "../workspace/protocol.ts";
import type { Desk } from "../workspace/clipboard.ts";
import { Sender } from "../workspace/sender.ts";
import { Position, Session } from "../workspace/session.ts";
import { Socket } from "../workspace/socket.ts";
import type { WatchFrame } from "./protocol.ts";
import type { ViewerScreen } from "./viewerscreen.ts";

/** "waiting": there is nothing to be seen now, but there may be later; "over": not for this page, or not any more. */
export type Sight = "connecting" | "on" | "lost" | "waiting" | "over" | "signed-out";

export interface ViewerEvents {
  sight(sight: Sight): void;
  keyboard(granted: boolean): void;
  notice(text: string): void;
}

type Frame = TerminalFrame | WatchFrame;

const FRAMES: Frame["type"][] = ["attached", "exit", "taken", "notice", "size", "keyboard"];
const encoder = new TextEncoder();

/** A shell that is only looked at, unless the learner has given the keyboard. */
export class ViewerShell {
  private session: Session | null = null;
  private mayType = false;
  private readonly position = new Position();
  private readonly socket: Socket;
  private readonly sender: Sender;

  constructor(
    private readonly screen: ViewerScreen,
    private readonly path: string,
    private readonly events: ViewerEvents,
    private readonly desk: Desk,
  ) {
    this.socket = new Socket({
      path: () => `${this.path}?${new URLSearchParams(this.position.query())}`,
      onMessage: (data) => (typeof data === "string" ? this.control(data) : this.output(new Uint8Array(data))),
      onLost: (verdict) => {
        this.session = null;
        this.grant(false);
        const ends = { "sign-in": "signed-out", "ask-anew": "over", "not-running": "waiting" } as const;
        this.events.sight(verdict in ends ? ends[verdict as keyof typeof ends] : "lost");
      },
    });
    this.sender = new Sender(this.socket);
    screen.terminal.onData((data) => this.keys(encoder.encode(data)));
    screen.terminal.onBinary((data) => this.keys(Uint8Array.from(data, (letter) => letter.charCodeAt(0) & 255)));
  }

  start(): void {
    this.events.sight("connecting");
    this.socket.start();
  }

  stop(): void {
    this.socket.stop();
    this.session = null;
    this.grant(false);
  }

  private control(data: string): void {
    const { terminal } = this.screen;
    const frame = parseFrame<Frame>(data, FRAMES);
    if (frame?.type === "attached") {
      this.session = new Session(this.position, frame);
      this.sender.open(frame.window);
      if (frame.reset) terminal.write("", () => terminal.reset());
      this.events.sight("on");
    } else if (frame?.type === "size") {
      // In its turn: what came before was printed for the size before.
      terminal.write("", () => this.screen.resize(frame.cols, frame.rows));
    } else if (frame?.type === "keyboard") {
      this.grant(frame.granted);
    } else if (frame?.type === "taken") {
      this.sender.taken(frame.bytes);
    } else if (frame?.type === "exit") {
      this.position.forget();
    } else if (frame?.type === "notice") {
      this.events.notice(frame.text);
    }
  }

  private output(bytes: Uint8Array): void {
    const { session } = this;
    // Before "attached" comes only why there is no shell.
    if (!session) return;
    for (const piece of session.received(bytes)) {
      this.screen.terminal.write(piece, () => {
        const due = session.drawn(piece.length);
        if (due && session === this.session) this.socket.send(JSON.stringify({ type: "ack", bytes: due }));
      });
    }
  }

  private keys(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.mayType && this.session && !this.session.isReplaying) this.sender.send(bytes);
  }

  private grant(granted: boolean): void {
    if (granted === this.mayType) return;
    this.mayType = granted;
    this.sender.clear();
    if (granted) this.screen.unlock(this.desk);
    else this.screen.lock();
    this.events.keyboard(granted);
  }
}
