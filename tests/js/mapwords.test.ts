import assert from "node:assert/strict";
import { test } from "node:test";
import { changesOf } from "../../static/js/workspace/map/changes.ts";
import { commandsFor, safeName } from "../../static/js/workspace/map/commands.ts";
import { legsOf, stationsOf } from "../../static/js/workspace/map/legs.ts";
import { fullTag, imageNamed, keysOf, kinOf } from "../../static/js/workspace/map/things.ts";
import { portsOf, sentenceOf, shortImage, sizeOf } from "../../static/js/workspace/map/words.ts";
import type { ContainerState, FlowEvent } from "../../static/js/workspace/protocol.ts";
import { bazaar, BRIDGE, loadWords, NGINX, WEB } from "./mapfixtures.ts";

loadWords();
const container = (parts: Partial<ContainerState>): { kind: "container"; is: ContainerState } => ({ kind: "container", is: { ...WEB, ...parts } });
const tcp = (port: number, host: number | null): ContainerState["ports"][number] => ({ port, protocol: "tcp", host });

test("a shell takes a name as it is, or the id is given instead", () => {
  for (const name of ["web", "shop_db.1", "warehouse:5000/me/poha@sha256", "_a"]) assert.equal(safeName(name, "id"), name);
  for (const name of ["a b", "$(x)", "a;b", "-rm", "a\nb", "दुकान", "", "'", "--privileged"]) assert.equal(safeName(name, "id"), "id", name);
  assert.equal(safeName("a b"), null);
});

test("the commands are those that fit the state", () => {
  const verbs = (parts: Partial<ContainerState>): string => commandsFor(container(parts)).map((line) => line.split(" ")[1]).join(" ");
  assert.equal(verbs({ state: "running" }), "logs inspect exec pause stop");
  assert.equal(verbs({ state: "paused" }), "logs inspect unpause stop");
  assert.equal(verbs({ state: "exited" }), "logs inspect start rm");
  assert.equal(verbs({ state: "created" }), "start inspect rm");
  assert.deepEqual(commandsFor(container({ name: "x; rm -rf /", state: "removing" })), [`docker inspect ${WEB.id}`]);
});

test("images are named by a tag, or by their id", () => {
  assert.equal(commandsFor({ kind: "image", is: NGINX })[1], "docker run --rm nginx:latest");
  assert.equal(commandsFor({ kind: "image", is: { ...NGINX, tags: [] } })[2], `docker rmi ${NGINX.id}`);
  assert.deepEqual(commandsFor({ kind: "network", is: BRIDGE }), ["docker network inspect bridge"]);
  assert.deepEqual(commandsFor({ kind: "volume", is: { name: "a b", driver: "local" } }), []);
});

test("a sentence tells all of a container", () => {
  const web = container({ health: "healthy", ports: [tcp(80, 8080)], volumes: ["data"] });
  assert.equal(
    sentenceOf(web, bazaar()),
    "Container web, image nginx, running, healthy, port 8080 to 80, network bridge, volume data",
  );
  assert.match(sentenceOf(container({ state: "exited", exit: 137 }), bazaar()), /, exited \(137\), /);
  assert.match(sentenceOf(container({ state: "created" }), bazaar()), /, not started, /);
});

test("a sentence tells all of images, networks and volumes", () => {
  assert.equal(sentenceOf({ kind: "image", is: NGINX }, bazaar()), "Image nginx:latest, 187MB, layers: 2");
  assert.equal(sentenceOf({ kind: "network", is: BRIDGE }, bazaar()), "Network bridge, driver bridge, containers: web");
  assert.equal(sentenceOf({ kind: "volume", is: { name: "data", driver: "local" } }, bazaar()), "Volume data, no container");
});

test("a name cannot act on what stands beside it", () => {
  assert.equal(sentenceOf(container({ name: "\u202egpj\u001b[31m" }), bazaar()).startsWith("Container \ufffdgpj\u241b[31m,"), true);
});

test("ports are told once, and only published ones with where they lead", () => {
  const ports = [tcp(80, 8080), tcp(80, 8080), tcp(443, null), { port: 53, protocol: "udp", host: 53 }];
  assert.deepEqual(portsOf({ ...WEB, ports }), ["8080→80", "443", "53→53/udp"]);
});

test("sizes are those of docker images", () => {
  assert.deepEqual([0, 999, 13_256, 187_000_000, 1_234_000_000].map(sizeOf), ["0B", "999B", "13.3kB", "187MB", "1.23GB"]);
});

test("changes are told in a few words, many are counted", () => {
  assert.equal(changesOf(bazaar(), bazaar()), "");
  assert.equal(changesOf(bazaar({ containers: [] }), bazaar()), "Container web: running.");
  assert.equal(changesOf(bazaar(), bazaar({ containers: [{ ...WEB, state: "paused" }] })), "Container web: paused.");
  assert.equal(changesOf(bazaar(), bazaar({ containers: [] })), "Container web is gone.");
  const many = Array.from({ length: 9 }, (_, at) => ({ ...WEB, id: `c${at}`, name: `web-${at}` }));
  assert.match(changesOf(bazaar(), bazaar({ containers: [WEB, ...many] })), /^Changes on the map: 9\. The last: Container web-8: running\.$/);
});

test("an image is found by the name that a container gives it", () => {
  assert.equal(fullTag("warehouse:5000/me/poha"), "warehouse:5000/me/poha:latest");
  assert.equal(imageNamed("nginx", [NGINX]), NGINX);
  assert.equal(imageNamed(`sha256:${NGINX.id}00`, [NGINX]), NGINX);
  assert.equal(imageNamed("redis", [NGINX]), undefined);
  assert.equal(imageNamed("", [{ ...NGINX, tags: [] }]), undefined);
});

test("a thing knows what belongs with it", () => {
  assert.deepEqual([...kinOf(`container:${WEB.id}`, bazaar())], [`image:${NGINX.id}`, `network:${BRIDGE.id}`]);
  assert.deepEqual([...kinOf(`image:${NGINX.id}`, bazaar())], [`container:${WEB.id}`]);
  assert.deepEqual([...keysOf(new Set(["nginx", `${WEB.id}0000`]), bazaar())], [`container:${WEB.id}`, `image:${NGINX.id}`]);
});

const flow = (from: FlowEvent["from"], to: FlowEvent["to"], call: string, parts: Partial<FlowEvent> = {}): FlowEvent => ({
  type: "flow", id: 1, at: "", step: 1, from, to, call, status: null, ms: null, key: null, outcome: "", command: null, line: "",
  order: 1, text: "", objects: [], ...parts,
});

test("an order goes there, and what it brings comes back", () => {
  const carried = (event: FlowEvent): string[] => legsOf(event).map(({ to, carries }) => `${carries} to ${to}`);
  assert.deepEqual(carried(flow("client", "daemon", "POST /containers/create")), ["slip to daemon"]);
  assert.deepEqual(carried(flow("daemon", "registry", "GET /v2/x/blobs/1", { status: 200 })), ["slip to registry", "parcel to daemon"]);
  assert.deepEqual(carried(flow("daemon", "registry", "GET /v2/x/blobs/1", { status: 404 })), ["slip to registry"]);
  assert.deepEqual(carried(flow("daemon", "registry", "PUT /v2/x/blobs/1", { status: 201 })), ["parcel to registry"]);
  assert.deepEqual(carried(flow("daemon", "container", "start")), ["dish to container"]);
  assert.deepEqual(carried(flow("daemon", "daemon", "create")), []);
});

test("what goes to a container goes to its stall, or to the market if it has none", () => {
  assert.deepEqual(stationsOf("container", [WEB.id], bazaar()), [`container:${WEB.id}`, "head:market"]);
  assert.deepEqual(stationsOf("cache", ["redis"], bazaar()), ["head:images"]);
  assert.deepEqual(stationsOf("registry", [], bazaar()), ["place:registry"]);
});

test("where there is little room, an image is told by the end of its name", () => {
  assert.equal(shortImage("warehouse:5000/sarafa/poha"), "…/poha");
  assert.equal(shortImage("library/nginx"), "library/nginx");
  assert.equal(shortImage("a-name-without-any-slash"), "a-name-without-any-slash");
});
