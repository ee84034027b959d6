/** The workspace beside a lesson: the learner's sandbox, its terminal, its logs, its flow, and the lesson's tasks. */
import { find } from "./dom.ts";
import { loadStrings, say } from "./strings.ts";
import { bindActions } from "./workspace/actions.ts";
import { Announcer } from "./workspace/announce.ts";
import type { Verdict } from "./workspace/closing.ts";
import { Customer } from "./workspace/customer.ts";
import { EditorPanel } from "./workspace/editorpanel.ts";
import { EventStream } from "./workspace/events.ts";
import { FlowPane } from "./workspace/flow/pane.ts";
import { Recording } from "./workspace/flow/recording.ts";
import { Replay } from "./workspace/flow/replay.ts";
import { Layout } from "./workspace/layout.ts";
import { LogPane, markUnread } from "./workspace/logs.ts";
import { after, EMPTY } from "./workspace/map/fold.ts";
import { BazaarMap } from "./workspace/map/map.ts";
import type { Objects, SandboxEvent } from "./workspace/protocol.ts";
import { bindRunButtons, runBlock, type Runner } from "./workspace/run.ts";
import { SandboxClient, type Phase } from "./workspace/sandbox.ts";
import { Spotlight } from "./workspace/spotlight.ts";
import { showStatus } from "./workspace/status.ts";
import { Tasks } from "./workspace/tasks.ts";
import { TerminalPanel } from "./workspace/terminalpanel.ts";
import { Timer } from "./workspace/timer.ts";
import { Visits } from "./workspace/visits.ts";

/** So many connections in a row that never opened, and the page asks over HTTP what is wrong. */
const STRUGGLES = 3;
const ASK_ANEW_EVERY = 5_000;
/** In these there is nothing more to hear from the sandbox. */
const OVER = new Set<Phase["name"]>(["stopped", "failed", "missing", "signed-out", "full", "left"]);

class Workspace {
  private readonly announcer: Announcer;
  private readonly sandbox: SandboxClient;
  private readonly events: EventStream;
  private readonly terminal: TerminalPanel;
  private readonly logs: Record<"daemon" | "warehouse", LogPane>;
  private readonly spotlight = new Spotlight();
  private readonly flow: FlowPane;
  private readonly recording = new Recording({ empty: EMPTY, after });
  private readonly replay: Replay;
  private readonly customer: Customer;
  private readonly tasks: Tasks;
  private readonly visits: Visits;
  private readonly editor: EditorPanel;
  private readonly map: BazaarMap;
  private readonly layout: Layout;
  private said: Phase["name"] = "asking";
  private askedAnew = -Infinity;
  private askTimer = 0;
  private readonly unread = new Set<string>();
  /** By the server's clock: this computer's may be wrong. What happened before is no news. */
  private openedAt = Infinity;
  private objects: Objects | null = null;

  constructor(private readonly root: HTMLElement) {
    const { sandboxUrl = "/sandbox/", csrf = "", course = "", lesson = "", learner = "" } = root.dataset;
    this.announcer = new Announcer(find(root, "[data-announcer]"));
    this.sandbox = new SandboxClient(sandboxUrl, csrf);
    this.logs = {
      daemon: new LogPane(find(root, "#panel-daemon"), this.spotlight),
      warehouse: new LogPane(find(root, "#panel-warehouse"), this.spotlight),
    };
    this.flow = new FlowPane(find(root, "#panel-flow"), this.announcer, this.spotlight);
    this.replay = new Replay(find(root, "#panel-flow"), this.recording, this.flow, this.announcer);
    this.customer = new Customer(find(root, "#panel-flow"), this.announcer);
    this.tasks = new Tasks(document, `/courses/${course}/${lesson}/check/`, csrf, this.announcer);
    this.visits = new Visits(root, sandboxUrl, this.announcer);
    this.editor = new EditorPanel(find(root, "#panel-editor"), {
      csrf, learner,
      place: () => this.sandbox.code && `${sandboxUrl}${this.sandbox.code}/`,
      announce: (text) => this.announcer.say(text),
    });
    this.map = new BazaarMap(find(root, "#panel-map"), {
      announce: (text) => this.announcer.say(text),
      run: (command) => runBlock(command, this.runner()),
      visit: (container, port) => this.visits.address(container, port),
    });
    const heed = (verdict: Verdict, tries: number): void => this.heed(verdict, tries);
    this.terminal = new TerminalPanel(find(root, "#panel-terminal"), this.announcer, () => this.layout, heed);
    this.events = new EventStream((event) => this.take(event), heed);
    this.layout = new Layout(root, (name) => this.shown(name));
    // Before anything is drawn: what was printed for one width looks wrong in another.
    this.terminal.fit();
    this.bind();
    this.tie();
  }

  start(): void {
    void this.sandbox.ask();
  }

  private bind(): void {
    showStatus(this.root, this.sandbox);
    new Timer(this.root, this.sandbox, this.announcer);
    bindActions(this.root, this.sandbox, () => this.clear());
    this.sandbox.onRefusal = (error) => this.terminal.notice(error);
    this.sandbox.onChange((phase) => this.follow(phase));
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.sandbox.hurry();
    });
    const help = find<HTMLDialogElement>(this.root, "[data-help]");
    find(this.root, "[data-open-help]").addEventListener("click", () => help.showModal());
    bindRunButtons(document, this.runner());
  }

  private runner(): Runner {
    return {
      run: (command) => this.terminal.shell.run(command),
      reveal: () => {
        this.layout.reveal("terminal");
        this.terminal.focus();
      },
      refuse: () => {
        this.layout.reveal("terminal");
        this.terminal.notice(say("not-connected"));
      },
    };
  }

  /** Tie together what shows the same: lines, arrows and stalls to their command, and the map to the replay. */
  private tie(): void {
    this.spotlight.watch(this.root);
    this.spotlight.onChange(({ objects }) => this.map.light(objects));
    this.map.onHover = (object) => this.spotlight.hover(object);
    this.replay.scenery = {
      show: (objects) => this.map.show(objects),
      move: (event) => this.map.move(event),
      replaying: (isReplay) => {
        this.map.replaying(isReplay);
        if (!isReplay && this.objects) this.map.show(this.objects);
      },
    };
    const logs = Object.values(this.logs);
    this.flow.onTitle = (order, title) => logs.forEach((log) => log.name(order, title));
    for (const { margin } of logs) {
      margin.onOpen = (order) => {
        this.replay.close();
        this.layout.reveal("flow");
        this.flow.show(order);
      };
    }
  }

  /** Keep the sockets in step with what the sandbox is doing. */
  private follow(phase: Phase): void {
    const { code } = this.sandbox;
    if (code && !OVER.has(phase.name)) this.events.follow(code);
    else this.events.stop();
    if (phase.name === "running" && code) this.terminal.shell.start(code);
    // A server that does not answer is no reason to hang up: the shell may well be there when it is back.
    else if (phase.name !== "unreachable" && phase.name !== "asking") this.terminal.shell.stop();
    if (OVER.has(phase.name)) {
      this.visits.clear();
      this.map.clear();
    }
    this.terminal.showAsleep(phase.name === "running" && this.sandbox.isPaused);
    if (this.said === "starting" && phase.name === "running" && this.sandbox.savedAt) this.terminal.notice(say("files-back"));
    if (phase.name === "running" && this.said !== "running") this.editor.wake();
    if (phase.name !== this.said) this.announcer.say(say(`state-${phase.name}`));
    this.said = phase.name;
  }

  private take(event: SandboxEvent): void {
    switch (event.type) {
      case "state":
        // A sandbox that was reset may still report its end.
        if (event.code !== this.sandbox.code) return;
        if (this.openedAt === Infinity) this.openedAt = Date.parse(event.now);
        this.sandbox.hear(event);
        break;
      case "log":
        this.logs[event.source]?.add(event);
        this.news(event.source);
        break;
      case "flow":
        this.recording.add(event);
        this.spotlight.learn(event);
        this.flow.add(event);
        this.news("flow");
        if (Date.parse(event.at) <= this.openedAt) break;
        this.tasks.begin();
        if (!this.replay.isOpen) this.map.move(event);
        break;
      case "answer":
        this.recording.add(event);
        this.flow.answer(event);
        break;
      case "object":
        this.spotlight.learn(event);
        this.recording.add(event);
        break;
      case "objects":
        this.recording.add(event);
        this.objects = event;
        if (!this.replay.isOpen && this.map.show(event)) this.news("map");
        break;
      case "task":
        this.tasks.apply(event);
        break;
      case "ports":
        if (this.sandbox.code) this.visits.show(this.sandbox.code, event.ports);
        this.map.refresh();
        break;
      case "served":
        if (!this.customer.show(event.runs)) return;
        this.flow.lightStep(5);
        this.news("flow");
    }
  }

  /** A connection ended: see whether the sandbox explains it. */
  private heed(verdict: Verdict, tries: number): void {
    if (verdict === "sign-in") this.sandbox.signedOut();
    else if (verdict === "ask-anew") this.askAnew();
    else if (verdict === "not-running" || tries % STRUGGLES === 0) void this.sandbox.refresh();
  }

  /** At once, but not again and again. */
  private askAnew(): void {
    const soon = performance.now() - this.askedAnew < ASK_ANEW_EVERY;
    clearTimeout(this.askTimer);
    this.askTimer = window.setTimeout(() => void this.sandbox.ask(), soon ? ASK_ANEW_EVERY : 0);
    this.askedAnew = performance.now();
  }

  private news(name: string): void {
    if (this.unread.has(name) || this.layout.isShown(name)) return;
    this.unread.add(name);
    const tab = this.layout.tab(name);
    if (tab) markUnread(tab, true);
  }

  private shown(name: string): void {
    const tab = this.root.querySelector<HTMLElement>(`[data-tab="${name}"]`);
    this.unread.delete(name);
    if (tab) markUnread(tab, false);
    if (name === "terminal") this.terminal.fit();
    if (name === "editor") this.editor.show();
    if (name === "daemon" || name === "warehouse") this.logs[name].scrollIfFollowing();
  }

  private clear(): void {
    this.logs.daemon.clear();
    this.logs.warehouse.clear();
    this.replay.close();
    this.recording.clear();
    this.spotlight.forget();
    this.flow.clear();
    this.objects = null;
    this.map.clear();
    this.visits.clear();
  }
}

const root = document.getElementById("workspace");
if (root) {
  loadStrings();
  new Workspace(root).start();
}
