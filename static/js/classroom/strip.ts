import { find, setText } from "../dom.ts";
import { say } from "../strings.ts";
import { parseFrame } from "../workspace/protocol.ts";
import { Socket } from "../workspace/socket.ts";
import { Cards } from "./cards.ts";
import { Hand } from "./hand.ts";
import { StageDialog } from "./stagedialog.ts";
import type { ClassroomFrame } from "./protocol.ts";
import { watchedBy } from "./words.ts";

/** The classroom beside a lesson: who watches, what is asked and said, the learner's hand, and what is shown. */
export class Strip {
  private readonly hand: Hand;
  private readonly cards: Cards;
  private readonly stage: StageDialog;

  constructor(private readonly root: HTMLElement) {
    const { url = "", csrf = "" } = root.dataset;
    this.hand = new Hand(find(root, "[data-hand-part]"), `${url}hand/`, csrf);
    this.cards = new Cards(find(root, "[data-cards]"), url, csrf);
    this.stage = new StageDialog(root, find(root, "[data-showing]"), `${url}stage/`);
  }

  start(): void {
    const socket = new Socket({
      path: () => `/ws/workshop/${this.root.dataset["code"]}/classroom/`,
      onMessage: (data) => {
        const frame = typeof data === "string" ? parseFrame<ClassroomFrame>(data, ["classroom"]) : null;
        if (frame) this.show(frame);
      },
      onLost: (verdict) => {
        if (verdict === "ask-anew" || verdict === "sign-in") this.leave();
      },
    });
    socket.start();
  }

  private show(frame: ClassroomFrame): void {
    this.root.dataset["state"] = frame.workshop.state;
    setText(find(this.root, "[data-title]"), frame.workshop.title);
    this.showState(frame);
    this.showWatchers(frame);
    this.hand.show(frame.hand, frame.workshop.state === "open");
    this.cards.show(frame);
    this.stage.show(frame.showing);
  }

  private showState({ workshop }: ClassroomFrame): void {
    const sign = find(this.root, "[data-state-text]");
    sign.hidden = workshop.state === "open";
    setText(sign, workshop.state === "open" ? "" : say(`classroom-${workshop.state}`));
  }

  private showWatchers({ watchers }: ClassroomFrame): void {
    const sign = find(this.root, "[data-watched]");
    sign.classList.toggle("is-on", watchers.length > 0);
    sign.classList.toggle("is-typing", watchers.some(({ keyboard }) => keyboard === "granted"));
    setText(find(sign, "[data-watched-text]"), watchedBy(watchers));
  }

  /** They were taken out of the workshop: nobody of it can watch them any more. */
  private leave(): void {
    this.stage.show(null);
    this.root.hidden = true;
  }
}
