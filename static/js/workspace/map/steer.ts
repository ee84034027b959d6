import type { Box } from "./plan.ts";

/** What lies aside counts so much more than what lies ahead; and of those straight ahead, the first in line. */
const ASIDE = 8;
const ASKEW = 0.01;

/** Return the key of the thing that an arrow key leads to; null if there is none on that side, or the key leads nowhere. */
export function towards(key: string, from: string, boxes: ReadonlyMap<string, Box>): string | null {
  if (key === "Home") return [...boxes.keys()][0] ?? null;
  if (key === "End") return [...boxes.keys()].at(-1) ?? null;
  const start = boxes.get(from);
  if (!start || !key.startsWith("Arrow")) return null;
  let nearest: string | null = null;
  let least = Infinity;
  for (const [other, box] of boxes) {
    const cost = other === from ? Infinity : costOf(key, start, box);
    if (cost < least) [nearest, least] = [other, cost];
  }
  return nearest;
}

/** Only what begins where this ends lies ahead; of that, the nearest, and rather straight on than aside. */
function costOf(key: string, from: Box, to: Box): number {
  const isLevel = key === "ArrowLeft" || key === "ArrowRight";
  const [first, second] = key === "ArrowRight" || key === "ArrowDown" ? [from, to] : [to, from];
  const ahead = isLevel ? second.x - first.x - first.width : second.y - first.y - first.height;
  if (ahead < -1) return Infinity;
  const aside = isLevel ? gap(from.y, from.height, to.y, to.height) : gap(from.x, from.width, to.x, to.width);
  const askew = Math.abs(isLevel ? to.y - from.y : to.x - from.x);
  return ahead + ASIDE * aside + ASKEW * askew;
}

function gap(from: number, length: number, to: number, other: number): number {
  return Math.max(0, to - from - length, from - to - other);
}
