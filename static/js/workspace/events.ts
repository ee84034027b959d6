import type { Verdict } from "./closing.ts";
import { parseFrame, type SandboxEvent } from "./protocol.ts";
import { Socket } from "./socket.ts";

/** The newest event seen, so that a resumed stream brings none twice. `state` always tells the present. */
export class Bookmark {
  private last = 0;

  get after(): number {
    return this.last;
  }

  isNew(event: SandboxEvent): boolean {
    if (typeof event.id !== "number") return true;
    if (event.id <= this.last) return event.type === "state";
    this.last = event.id;
    return true;
  }
}

const TYPES: SandboxEvent["type"][] = ["state", "log", "flow", "answer", "object", "objects", "task", "ports", "served"];

/** The stream of what happens in a sandbox; resumes after the last event it brought. */
export class EventStream {
  private code: string | null = null;
  private bookmark = new Bookmark();
  private readonly socket: Socket;

  constructor(onEvent: (event: SandboxEvent) => void, onLost: (verdict: Verdict, tries: number) => void) {
    this.socket = new Socket({
      path: () => `/ws/sandbox/${this.code}/events/${this.bookmark.after ? `?after=${this.bookmark.after}` : ""}`,
      onMessage: (data) => {
        const event = typeof data === "string" ? parseFrame<SandboxEvent>(data, TYPES) : null;
        if (event && this.bookmark.isNew(event)) onEvent(event);
      },
      onLost,
    });
  }

  /** Follow this sandbox; harmless if it is followed already. */
  follow(code: string): void {
    if (code !== this.code) {
      this.socket.stop();
      this.bookmark = new Bookmark();
      this.code = code;
    }
    this.socket.start();
  }

  stop(): void {
    this.socket.stop();
  }
}
