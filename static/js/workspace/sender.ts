/** What a Sender needs of a socket. */
export interface Outlet {
  readonly isOpen: boolean;
  readonly bufferedAmount: number;
  send(data: Uint8Array<ArrayBuffer>): boolean;
}

const CHUNK = 16 * 1024;
const BUFFERED_AT_MOST = 128 * 1024;
const LOOK_AGAIN = 15;

/**
 * Sends keystrokes at once and a large paste in pieces, no faster than the connection takes them.
 *
 * Nothing is kept over a lost connection: a command must never run twice, nor later than it was meant.
 */
export class Sender {
  private readonly queue: Uint8Array<ArrayBuffer>[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;
  private window = Infinity;
  private untaken = 0;
  private told = 0;

  constructor(
    private readonly outlet: Outlet,
    private readonly onProgress: (left: number) => void = () => undefined,
  ) {}

  /** Bytes that wait for the connection to take them. */
  get waiting(): number {
    return this.queue.reduce((sum, chunk) => sum + chunk.length, 0);
  }

  /** A new connection: so many bytes may be sent before the shell has taken them. */
  open(window = Infinity): void {
    this.window = window;
    this.untaken = 0;
  }

  /** The shell has taken so many bytes. */
  taken(bytes: number): void {
    this.untaken = Math.max(0, this.untaken - bytes);
    this.pump();
  }

  /** Return false, and send nothing, if there is no connection. */
  send(bytes: Uint8Array<ArrayBuffer>): boolean {
    if (!this.outlet.isOpen) return false;
    for (let start = 0; start < bytes.length; start += CHUNK) this.queue.push(bytes.subarray(start, start + CHUNK));
    this.pump();
    return true;
  }

  /** Forget what was not sent yet, and return how many bytes that were. */
  clear(): number {
    const left = this.waiting;
    this.queue.length = 0;
    clearTimeout(this.timer);
    this.timer = undefined;
    this.tell();
    return left;
  }

  private pump(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    for (let chunk = this.queue[0]; chunk && this.mayMore(chunk.length); chunk = this.queue[0]) {
      if (!this.outlet.send(chunk)) break;
      this.untaken += chunk.length;
      this.queue.shift();
    }
    this.tell();
    if (this.queue.length) this.timer = setTimeout(() => this.pump(), LOOK_AGAIN);
  }

  /** Say how much waits, and once that nothing does any more. */
  private tell(): void {
    const left = this.waiting;
    if (left || this.told) this.onProgress(left);
    this.told = left;
  }

  private mayMore(bytes: number): boolean {
    return this.outlet.bufferedAmount < BUFFERED_AT_MOST && this.untaken + bytes <= this.window;
  }
}
