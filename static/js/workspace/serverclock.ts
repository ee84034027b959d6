/** Beyond this, the two clocks of this computer do not merely drift. */
const JUMP = 5_000;

/** The server's time, on a computer whose own clock may be wrong, or be set while the page is open. */
export class ServerClock {
  /** Server's clock minus this computer's, in milliseconds. */
  private offset = 0;
  private skew: number;

  /** Two clocks of this computer: one that people and programs set, and one that they cannot. */
  constructor(
    private readonly wall: () => number = () => Date.now(),
    private readonly steady: () => number = () => performance.now(),
  ) {
    this.skew = wall() - steady();
  }

  /** The server has just said what time it is. */
  set(time: number): void {
    this.offset = time - this.wall();
  }

  now(): number {
    return this.wall() + this.offset;
  }

  /** Return true once after the computer slept or its clock was set: the server must be asked again. */
  hasJumped(): boolean {
    const skew = this.wall() - this.steady();
    const jumped = Math.abs(skew - this.skew) > JUMP;
    this.skew = skew;
    return jumped;
  }
}
