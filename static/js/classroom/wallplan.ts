/** Where the stalls of a wall stand: as large as fits. */

/** Width of a stall by its height. */
const SHAPE = 1.12;

/** Return the number of columns for so many stalls in a room of so many pixels. */
export function columnsFor(stalls: number, width: number, height: number): number {
  let best = 1;
  let largest = 0;
  for (let columns = 1; columns <= Math.max(1, stalls); columns += 1) {
    const rows = Math.ceil(stalls / columns);
    const size = Math.min(width / columns, (height / rows) * SHAPE);
    if (size > largest) [best, largest] = [columns, size];
  }
  return best;
}

/** Return the height of a stall then. */
export function heightFor(stalls: number, columns: number, width: number, height: number): number {
  return Math.floor(Math.min(height / Math.ceil(Math.max(1, stalls) / columns), width / columns / SHAPE));
}
