import { find, setText } from "../dom.ts";
import { say } from "../strings.ts";
import type { TerminalElement } from "../workspace/screen.ts";
import { Tabs } from "../workspace/tabs.ts";
import { ViewerFlow } from "./viewerflow.ts";
import { ViewerScreen } from "./viewerscreen.ts";
import { ViewerShell, type Sight } from "./viewershell.ts";

export interface ViewerOptions {
  sight?(sight: Sight): void;
  keyboard?(granted: boolean): void;
  notice?(text: string): void;
  /** The keyboard wants to leave the terminal. */
  leave?(): void;
}

/** Somebody else's terminal, flow and map, as it happens. The addresses of both sockets stand in the element. */
export class Viewer {
  readonly flow: ViewerFlow;
  private readonly screen: ViewerScreen;
  private readonly shell: ViewerShell;

  constructor(
    private readonly root: HTMLElement,
    private readonly options: ViewerOptions = {},
  ) {
    const { terminal = "", events = "", wording = "stage" } = root.dataset;
    this.screen = new ViewerScreen(find<TerminalElement>(root, "[data-screen]"));
    const desk = { notice: (text: string) => options.notice?.(text), leave: () => options.leave?.(), search: () => undefined, zoom: () => undefined };
    this.shell = new ViewerShell(this.screen, terminal, {
      sight: (sight) => this.show(sight, wording),
      keyboard: (granted) => options.keyboard?.(granted),
      notice: (text) => options.notice?.(text),
    }, desk);
    this.flow = new ViewerFlow(root, events, wording === "watch");
    new Tabs(root, () => undefined).show("map");
  }

  start(): void {
    this.shell.start();
    this.flow.start();
  }

  stop(): void {
    this.shell.stop();
    this.flow.stop();
  }

  focus(): void {
    this.screen.terminal.focus();
  }

  private show(sight: Sight, wording: string): void {
    this.root.dataset["sight"] = sight;
    const sign = find(this.root, "[data-wait]");
    sign.hidden = sight === "on";
    if (sight !== "on") setText(sign, say(`${wording}-${sight}`));
    this.options.sight?.(sight);
  }
}
