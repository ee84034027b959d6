/** Who stands where in a row. Pure: nobody who stays moves when another comes or goes. */
export type Row = readonly (string | null)[];
export type Seats = ReadonlyMap<string, Row>;

/** So many may be empty before those who stay move together. */
const EMPTY_SEATS = 4;

/** Keep those who stay where they are; newcomers take the first empty seats, then the end of the row. */
export function seat(before: Row, now: readonly string[]): Row {
  const there = new Set(now);
  const row: (string | null)[] = before.map((one) => (one !== null && there.has(one) ? one : null));
  const seated = new Set(row);
  let from = 0;
  for (const one of now) {
    if (seated.has(one)) continue;
    while (from < row.length && row[from] !== null) from += 1;
    row[from] = one;
  }
  const taken = row.filter((one) => one !== null);
  if (row.length - taken.length > Math.max(EMPTY_SEATS, taken.length)) return taken;
  while (row.length && row.at(-1) === null) row.pop();
  return row;
}
