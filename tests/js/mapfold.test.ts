import assert from "node:assert/strict";
import { test } from "node:test";
import { after, EMPTY } from "../../static/js/workspace/map/fold.ts";
import type { ObjectEvent, Objects } from "../../static/js/workspace/protocol.ts";
import { bazaar, NGINX, told, WEB } from "./mapfixtures.ts";

const all = (events: readonly ObjectEvent[], from: Objects = EMPTY): Objects => events.reduce(after, from);
const web = (action: string, parts: Partial<ObjectEvent> = {}): ObjectEvent =>
  told("container", action, { object: WEB.id, name: "web", image: "nginx", ...parts });
const state = (objects: Objects): string | undefined => objects.containers[0]?.state;

test("a container is created, runs, and ends with its exit code", () => {
  const created = after(EMPTY, web("create"));
  assert.equal(state(created), "created");
  assert.equal(created.containers[0]?.created, Date.parse("2026-01-02T03:04:05Z") / 1000);
  assert.equal(state(after(created, web("start"))), "running");
  const ended = all([web("start"), web("kill"), web("die", { exit: 137 }), web("stop")], created);
  assert.deepEqual([state(ended), ended.containers[0]?.exit], ["exited", 137]);
  assert.equal(after(ended, web("start")).containers[0]?.exit, null);
});

test("it is paused, goes on, gets another name, and goes", () => {
  assert.equal(state(after(bazaar(), web("pause"))), "paused");
  assert.equal(state(all([web("pause"), web("unpause")], bazaar())), "running");
  assert.equal(after(bazaar(), web("rename", { name: "shop" })).containers[0]?.name, "shop");
  assert.deepEqual(after(bazaar(), web("destroy")).containers, []);
});

test("its health is told, and forgotten when it ends", () => {
  const healthy = after(bazaar(), web("health_status: healthy"));
  assert.equal(healthy.containers[0]?.health, "healthy");
  assert.equal(after(healthy, web("die", { exit: 0 })).containers[0]?.health, "");
});

test("what comes twice, is not known or says nothing changes nothing", () => {
  assert.deepEqual(all([web("create"), web("create")], bazaar()), bazaar());
  for (const event of [web("exec_start: sh"), web("top"), told("container", "destroy", { object: "feed00000000" }), told("image", "delete"),
    told("network", "connect", { object: "x", container: "y" }), told("volume", "unmount", { object: "z" })]) {
    assert.deepEqual(after(bazaar(), event), bazaar(), event.action);
  }
  assert.deepEqual(after(bazaar(), { ...web("create"), kind: "plugin" as "container" }), bazaar());
});

test("of a container that nobody saw being created, its start is enough", () => {
  assert.deepEqual([state(after(EMPTY, web("start"))), after(EMPTY, web("start")).containers[0]?.name], ["running", "web"]);
});

test("an id may be told in full", () => {
  assert.equal(state(after(bazaar(), web("pause", { object: `${WEB.id}${"0".repeat(52)}` }))), "paused");
});

const lane = (action: string, at = "2026-01-02T03:04:05.000Z"): ObjectEvent =>
  told("network", action, { object: "ade000000009", name: "shop", container: action.endsWith("nect") ? WEB.id : "", at });

test("a network comes, connects, disconnects and goes", () => {
  const joined = all([lane("create"), lane("create"), lane("connect"), lane("connect")], bazaar());
  assert.deepEqual(joined.networks.map(({ name }) => name), ["bridge", "shop"]);
  assert.deepEqual(joined.containers[0]?.networks, ["bridge", "shop"]);
  const apart = all([lane("disconnect"), lane("destroy")], joined);
  assert.deepEqual([apart.containers[0]?.networks, apart.networks.length], [["bridge"], 1]);
});

test("a container that ends stays at its networks, in whichever order that is told", () => {
  const joined = all([lane("create"), lane("connect")], bazaar());
  for (const events of [[lane("disconnect"), web("die", { exit: 0 })], [web("die", { exit: 0 }), lane("disconnect")]]) {
    assert.deepEqual(all(events, joined).containers[0]?.networks, ["bridge", "shop"]);
  }
  const later = all([lane("disconnect", "2026-01-02T03:00:00.000Z"), web("die", { exit: 0 })], joined);
  assert.deepEqual(later.containers[0]?.networks, ["bridge"]);
});

test("a volume comes, is used, and goes", () => {
  const used = all([told("volume", "create", { object: "data" }), told("volume", "mount", { object: "data", container: WEB.id })], bazaar());
  assert.deepEqual([used.volumes, used.containers[0]?.volumes], [[{ name: "data", driver: "local" }], ["data"]]);
  assert.deepEqual(after(used, told("volume", "destroy", { object: "data" })).volumes, []);
});

test("an image is pulled under its name, and learns its id when it is tagged", () => {
  const pulled = all([told("image", "pull", { object: "redis", name: "redis" }), told("image", "pull", { object: "redis:latest", name: "redis" })]);
  assert.deepEqual(pulled.images.map(({ tags }) => tags), [["redis:latest"]]);
  const tagged = after(pulled, told("image", "tag", { object: "abcdef123456", name: "redis:latest" }));
  assert.deepEqual(tagged.images.map(({ id, tags }) => [id, tags]), [["abcdef123456", ["redis:latest"]]]);
});

test("a tag belongs to one image, and an image without one is still there", () => {
  const moved = after(bazaar(), told("image", "tag", { object: "abcdef123456", name: "nginx:latest" }));
  assert.deepEqual(moved.images.map(({ tags }) => tags), [[], ["nginx:latest"]]);
});

test("an image loses a tag, told by its name or not, and is deleted", () => {
  const two = bazaar({ images: [{ ...NGINX, tags: ["nginx:latest", "me/web:1"] }] });
  assert.deepEqual(after(two, told("image", "untag", { object: NGINX.id, name: "me/web:1" })).images[0]?.tags, ["nginx:latest"]);
  assert.deepEqual(after(bazaar(), told("image", "untag", { object: NGINX.id, name: NGINX.id })).images[0]?.tags, []);
  assert.deepEqual(after(bazaar(), told("image", "delete", { object: NGINX.id })).images, []);
});
