import assert from "node:assert/strict";
import { test } from "node:test";
import { planOf, sizeFor, type Box } from "../../static/js/workspace/map/plan.ts";
import { seat } from "../../static/js/workspace/map/seats.ts";
import { towards } from "../../static/js/workspace/map/steer.ts";
import { bazaar, BRIDGE, NGINX, WEB } from "./mapfixtures.ts";

const stalls = (count: number): ReturnType<typeof bazaar> =>
  bazaar({ containers: Array.from({ length: count }, (_, at) => ({ ...WEB, id: `c${at}`, name: `web-${at}`, created: at })) });
const overlap = (a: Box, b: Box): boolean =>
  a.x + 0.01 < b.x + b.width && b.x + 0.01 < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

test("who stays keeps his seat; newcomers take what is free", () => {
  assert.deepEqual(seat([], ["a", "b", "c"]), ["a", "b", "c"]);
  assert.deepEqual(seat(["a", "b", "c"], ["a", "c"]), ["a", null, "c"]);
  assert.deepEqual(seat(["a", null, "c"], ["c", "a", "d", "e"]), ["a", "d", "c", "e"]);
  assert.deepEqual(seat(["a", "b"], ["a"]), ["a"]);
});

test("when most seats are empty, those who stay move together", () => {
  assert.deepEqual(seat(["a", "b", "c", "d", "e", "f", "g"], ["g"]), ["g"]);
});

test("nothing stands on anything else, and all of it within the width", () => {
  for (const count of [0, 1, 12, 13, 40, 41, 100]) {
    for (const width of [280, 390, 620, 1100]) {
      const plan = planOf(stalls(count), { width });
      const boxes = [...plan.boxes.values()];
      for (const box of boxes) {
        assert.ok(box.x >= 0 && box.x + box.width <= width + 0.01 && box.y + box.height <= plan.height, `${count} in ${width}`);
      }
      boxes.forEach((box, at) => assert.ok(!boxes.slice(at + 1).some((other) => overlap(box, other)), `${count} in ${width}`));
    }
  }
});

test("a stall stays where it is when others come and go", () => {
  const before = planOf(stalls(5), { width: 620 });
  const fewer = stalls(5);
  const now = planOf({ ...fewer, containers: fewer.containers.filter(({ id }) => id !== "c1") }, { width: 620 }, before.seats);
  assert.deepEqual(now.boxes.get("container:c4"), before.boxes.get("container:c4"));
  const more = planOf(stalls(6), { width: 620 }, now.seats);
  assert.deepEqual(more.boxes.get("container:c4"), before.boxes.get("container:c4"));
});

test("the more stalls there are, the less is drawn of each", () => {
  assert.deepEqual([12, 13, 40, 41].map(sizeFor), ["full", "small", "small", "dot"]);
});

test("a stall stands at the first of its networks, and at none if it has none", () => {
  const shop = { id: "ade000000009", name: "shop", driver: "bridge" };
  const containers = [WEB, { ...WEB, id: "c2", networks: ["shop", "bridge"] }, { ...WEB, id: "c3", networks: [] }];
  const plan = planOf(bazaar({ containers, networks: [BRIDGE, shop] }), { width: 620 });
  assert.deepEqual([...plan.streets.keys()], [BRIDGE.id, shop.id, ""]);
  assert.ok(plan.boxes.has("none:network"));
  const inside = (id: string, street: string): boolean => {
    const [box, paving] = [plan.boxes.get(`container:${id}`), plan.streets.get(street)];
    return !!box && !!paving && overlap(box, paving);
  };
  assert.ok(inside(WEB.id, BRIDGE.id) && inside("c2", shop.id) && inside("c3", ""));
});

test("images and volumes stand beside the stalls where there is room, else below them", () => {
  const left = (width: number): number => planOf(bazaar(), { width }).boxes.get(`image:${NGINX.id}`)?.x ?? 0;
  assert.ok(left(620) > 300);
  assert.ok(left(380) < 20);
});

test("in a low panel the stalls begin higher", () => {
  const top = (isLow: boolean): number => planOf(bazaar(), { width: 620, isLow }).boxes.get("head:market")?.y ?? 0;
  assert.ok(top(true) < top(false) - 40);
});

const box = (x: number, y: number): Box => ({ x, y, width: 10, height: 10 });
const square = new Map([["a", box(0, 0)], ["b", box(20, 0)], ["c", box(0, 20)], ["d", box(20, 20)]]);

test("arrow keys lead to what lies on that side", () => {
  assert.equal(towards("ArrowRight", "a", square), "b");
  assert.equal(towards("ArrowDown", "a", square), "c");
  assert.equal(towards("ArrowUp", "d", square), "b");
  assert.equal(towards("ArrowLeft", "d", square), "c");
  assert.equal(towards("ArrowLeft", "a", square), null);
});

test("Home and End lead to the first and the last, other keys nowhere", () => {
  assert.deepEqual(["Home", "End", "x", "Tab"].map((key) => towards(key, "b", square)), ["a", "d", null, null]);
});
