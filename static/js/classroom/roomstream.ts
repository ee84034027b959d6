import type { Verdict } from "../workspace/closing.ts";
import { parseFrame } from "../workspace/protocol.ts";
import { Socket } from "../workspace/socket.ts";
import type { Board, Change } from "./board.ts";
import type { ConsoleFrame } from "./protocol.ts";

export interface RoomEvents {
  changed(change: Change): void;
  /** on, lost: it opens again by itself; over: there is no such workshop of ours any more, or nobody is signed in. */
  connection(state: "on" | "lost" | "over"): void;
}

const TYPES: ConsoleFrame["type"][] = ["room", "change"];

/** Keep a board in step with the server. After a lost connection it is told everything anew. */
export function followRoom(code: string, board: Board, events: RoomEvents): void {
  const isFinal = (verdict: Verdict): boolean => verdict === "sign-in" || verdict === "ask-anew";
  new Socket({
    path: () => `/ws/workshop/${code}/console/`,
    onOpen: () => events.connection("on"),
    onMessage: (data) => {
      const frame = typeof data === "string" ? parseFrame<ConsoleFrame>(data, TYPES) : null;
      if (frame) events.changed(board.take(frame, Date.now()));
    },
    onLost: (verdict) => events.connection(isFinal(verdict) ? "over" : "lost"),
  }).start();
}
