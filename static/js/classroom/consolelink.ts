/** The console's websocket, and the server's clock. What is shown is true again within seconds, whatever was lost. */
import { Frame } from "../frame.ts";
import { ServerClock } from "../workspace/serverclock.ts";
import { Socket } from "../workspace/socket.ts";
import { opensAgain, type Verdict } from "../workspace/closing.ts";
import { fold, isNews, type RoomState } from "./consolestate.ts";
import type { ConsoleFrame } from "./protocol.ts";

export type LinkState = "connecting" | "on" | "lost" | "gone" | "signed-out";

/** The server says something every four seconds; after this much silence the connection is dead. */
const SILENCE = 9_000;

export interface LinkOptions {
  /** At most once a frame of the screen. */
  onRoom(state: RoomState, before: RoomState | null): void;
  onLink(state: LinkState): void;
}

export class RoomLink {
  readonly clock = new ServerClock();
  private readonly socket: Socket;
  private room: RoomState | null = null;
  private drawn: RoomState | null = null;
  private heardAt = performance.now();
  private readonly frame = new Frame(() => this.draw());
  private isOver = false;

  constructor(
    code: string,
    private readonly options: LinkOptions,
  ) {
    this.socket = new Socket({
      path: () => `/ws/workshop/${code}/console/`,
      longestWait: 3_000,
      onOpen: () => this.heard(),
      onMessage: (data) => this.take(JSON.parse(String(data)) as ConsoleFrame),
      onLost: (verdict) => {
        this.isOver = !opensAgain(verdict);
        this.options.onLink(lostBy(verdict));
      },
    });
  }

  start(): void {
    this.options.onLink("connecting");
    this.socket.start();
    window.setInterval(() => this.look(), 1_000);
  }

  private heard(): void {
    this.heardAt = performance.now();
  }

  /** After a sleep, or too long a silence, the connection is not to be trusted, nor the try to get one. */
  private look(): void {
    const hasJumped = this.clock.hasJumped();
    const isSilent = performance.now() - this.heardAt > SILENCE;
    if (this.isOver || !(hasJumped || isSilent)) return;
    this.options.onLink("lost");
    this.heard();
    this.socket.restart();
  }

  private take(frame: ConsoleFrame): void {
    this.heard();
    this.clock.set(Date.parse(frame.now));
    if (frame.type === "room") this.options.onLink("on");
    if (!isNews(frame)) return;
    this.room = fold(this.room, frame);
    this.frame.request();
  }

  private draw(): void {
    if (!this.room) return;
    const before = this.drawn;
    this.drawn = this.room;
    this.options.onRoom(this.room, before);
  }
}

function lostBy(verdict: Verdict): LinkState {
  if (verdict === "sign-in") return "signed-out";
  return verdict === "ask-anew" ? "gone" : "lost";
}
