/** The accounts of a terminal's byte stream. Pure: no socket, no screen. The protocol is written down in sandbox/consumers.py. */

/** Where in which shell's output the page stands; it outlives connections. */
export class Position {
  shell: string | null = null;
  /** The number of the next byte of that shell's output. */
  offset = 0;

  /** The query that resumes here; empty if there is nothing to resume. */
  query(): Record<string, string> {
    return this.shell === null ? {} : { shell: this.shell, offset: String(this.offset) };
  }

  forget(): void {
    this.shell = null;
    this.offset = 0;
  }
}

export interface Attached {
  readonly shell: string;
  readonly offset: number;
  readonly replay: number;
  readonly reset: boolean;
  /** How many typed bytes may be on their way; absent: no limit. "taken" frames say how many have arrived. */
  readonly window?: number;
}

/** Acknowledge well before the 64 KiB that the server may insist on. */
export const ACK_EVERY = 32 * 1024;

/** One connection to a shell: what was received, drawn and acknowledged over it. */
export class Session {
  private unreceivedReplay: number;
  private undrawnReplay: number;
  private unacknowledged = 0;

  constructor(
    private readonly position: Position,
    attached: Attached,
  ) {
    position.shell = attached.shell;
    position.offset = attached.offset;
    this.unreceivedReplay = this.undrawnReplay = attached.replay;
  }

  /** While old output is drawn, what the terminal says is an answer to an old question, and must not be sent. */
  get isReplaying(): boolean {
    return this.undrawnReplay > 0;
  }

  /** Count received bytes, and return them cut where the replay ends, so that its last byte can be told from live ones. */
  received(bytes: Uint8Array): Uint8Array[] {
    this.position.offset += bytes.length;
    const old = Math.min(this.unreceivedReplay, bytes.length);
    this.unreceivedReplay -= old;
    if (old === 0 || old === bytes.length) return [bytes];
    return [bytes.subarray(0, old), bytes.subarray(old)];
  }

  /** Count drawn bytes, and return how many to acknowledge now, or 0. */
  drawn(count: number): number {
    this.undrawnReplay = Math.max(0, this.undrawnReplay - count);
    this.unacknowledged += count;
    if (this.unacknowledged < ACK_EVERY) return 0;
    const due = this.unacknowledged;
    this.unacknowledged = 0;
    return due;
  }
}
