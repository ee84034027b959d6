import { find, make } from "../dom.ts";
import { Announcer } from "../workspace/announce.ts";
import { Bookmark } from "../workspace/events.ts";
import { FlowPane } from "../workspace/flow/pane.ts";
import { BazaarMap } from "../workspace/map/map.ts";
import { parseFrame, type SandboxEvent } from "../workspace/protocol.ts";
import { Socket } from "../workspace/socket.ts";
import { Spotlight } from "../workspace/spotlight.ts";

const TYPES: SandboxEvent["type"][] = ["state", "flow", "answer", "object", "objects"];

/** What somebody else's daemon does: the flow and the map, drawn as in their own page. */
export class ViewerFlow {
  /** Told what is said of the sandbox itself. */
  onState: (event: SandboxEvent & { type: "state" }) => void = () => undefined;
  private readonly spotlight = new Spotlight();
  private readonly flow: FlowPane;
  private readonly map: BazaarMap;
  private readonly socket: Socket;
  private bookmark = new Bookmark();
  private code = "";
  /** What was told before the first state of things is over: it is not seen to move. */
  private isLive = false;

  /** `resumes`: the server tells only what is new after a lost connection, else all there is. */
  constructor(root: HTMLElement, path: string, resumes: boolean) {
    // A class that looks on is not read every call aloud.
    const nobody = new Announcer(make("p"));
    this.flow = new FlowPane(find(root, ".panel-flow"), nobody, this.spotlight);
    this.map = new BazaarMap(find(root, ".panel-map"), { announce: () => undefined, run: () => undefined, visit: () => null });
    this.spotlight.watch(root);
    this.spotlight.onChange(({ objects }) => this.map.light(objects));
    this.map.onHover = (object) => this.spotlight.hover(object);
    this.socket = new Socket({
      path: () => (resumes && this.bookmark.after ? `${path}?after=${this.bookmark.after}` : path),
      onOpen: () => {
        if (!resumes) this.clear();
      },
      onMessage: (data) => {
        const event = typeof data === "string" ? parseFrame<SandboxEvent>(data, TYPES) : null;
        if (event && this.bookmark.isNew(event)) this.take(event);
      },
    });
  }

  start(): void {
    this.socket.start();
  }

  stop(): void {
    this.socket.stop();
    this.clear();
  }

  private take(event: SandboxEvent): void {
    if (event.type === "state") this.hear(event);
    else if (event.type === "flow") this.draw(event);
    else if (event.type === "answer") this.flow.answer(event);
    else if (event.type === "object") this.spotlight.learn(event);
    else if (event.type === "objects") {
      this.map.show(event);
      this.isLive = true;
    }
  }

  private draw(event: SandboxEvent & { type: "flow" }): void {
    this.spotlight.learn(event);
    this.flow.add(event);
    if (this.isLive) this.map.move(event);
  }

  /** A learner who was given a new sandbox has another daemon. */
  private hear(event: SandboxEvent & { type: "state" }): void {
    if (this.code && event.code !== this.code) this.clear();
    this.code = event.code;
    this.onState(event);
  }

  private clear(): void {
    this.bookmark = new Bookmark();
    this.isLive = false;
    this.flow.clear();
    this.map.clear();
    this.spotlight.forget();
  }
}
