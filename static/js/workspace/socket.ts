import { Backoff } from "./backoff.ts";
import { opensAgain, verdictOf, type Verdict } from "./closing.ts";

export interface SocketOptions {
  /** The path with its query, asked anew for each connection: where to resume changes. */
  path(): string;
  onOpen?(): void;
  onMessage(data: string | ArrayBuffer): void;
  /** The connection ended; unless the verdict forbids it, another is on its way. */
  onLost?(verdict: Verdict, tries: number): void;
  /** The longest wait between two tries, in milliseconds. */
  readonly longestWait?: number;
}

/** A connection must last this long before the waits between tries start small again. */
const STABLE = 3_000;
/** A gap this long between two ticks means that the machine slept, and the connection is dead without saying so. */
const SLEPT = 150_000;
const TICK = 20_000;

/** A websocket that opens again after a lost connection, a restarted server, or a night's sleep. */
export class Socket {
  private socket: WebSocket | null = null;
  private timer = 0;
  private ticker = 0;
  private wanted = false;
  private readonly backoff: Backoff;

  constructor(private readonly options: SocketOptions) {
    this.backoff = new Backoff(500, options.longestWait ?? 6_000);
  }

  get isOpen(): boolean {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  get bufferedAmount(): number {
    return this.socket?.bufferedAmount ?? 0;
  }

  start(): void {
    if (this.wanted) return;
    this.wanted = true;
    window.addEventListener("online", this.wake);
    document.addEventListener("visibilitychange", this.wake);
    this.watchForSleep();
    this.open();
  }

  /** Close, and stay closed until start(). */
  stop(): void {
    this.wanted = false;
    window.removeEventListener("online", this.wake);
    document.removeEventListener("visibilitychange", this.wake);
    clearInterval(this.ticker);
    clearTimeout(this.timer);
    this.drop();
  }

  restart(): void {
    this.stop();
    this.backoff.reset();
    this.start();
  }

  /** Return false if there is no open connection: nothing is kept for later. */
  send(data: string | Uint8Array<ArrayBuffer>): boolean {
    if (!this.socket || !this.isOpen) return false;
    this.socket.send(data);
    return true;
  }

  private open(): void {
    clearTimeout(this.timer);
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}${this.options.path()}`);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    let openedAt = 0;
    socket.onopen = () => {
      openedAt = performance.now();
      this.options.onOpen?.();
    };
    socket.onmessage = (event: MessageEvent<string | ArrayBuffer>) => this.options.onMessage(event.data);
    socket.onclose = (event) => {
      if (openedAt && performance.now() - openedAt > STABLE) this.backoff.reset();
      this.lost(verdictOf(event.code));
    };
  }

  private lost(verdict: Verdict): void {
    this.socket = null;
    if (!this.wanted) return;
    if (opensAgain(verdict)) {
      this.timer = window.setTimeout(() => this.open(), this.backoff.next());
    } else {
      this.stop();
    }
    this.options.onLost?.(verdict, this.backoff.count);
  }

  /** Let go of the connection without treating its end as news. */
  private drop(): void {
    const socket = this.socket;
    this.socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close(1000);
  }

  /** The network is back, or the tab is looked at again: do not wait any longer. */
  private readonly wake = (): void => {
    if (this.wanted && !this.socket && document.visibilityState === "visible") this.open();
  };

  private watchForSleep(): void {
    let last = Date.now();
    this.ticker = window.setInterval(() => {
      const gap = Date.now() - last;
      last = Date.now();
      if (gap > SLEPT) this.restart();
    }, TICK);
  }
}
