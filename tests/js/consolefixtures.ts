import type { Column, Row } from "../../static/js/classroom/protocol.ts";
import type { RoomState } from "../../static/js/classroom/consolestate.ts";

export const NOW = Date.parse("2026-11-24T20:00:00Z");

export function before(minutes: number): string {
  return new Date(NOW - minutes * 60_000).toISOString();
}

export function column(task: string, fields: Partial<Column> = {}): Column {
  return { key: `day-2/${task}`, lesson: "day-2", day: 2, task, title: `Do ${task}`, quiz: false, planned: 300, ...fields };
}

export function row(id: number, name: string, fields: Partial<Row> = {}): Row {
  return {
    id,
    name,
    code: "abcd-efgh-jkmn",
    guest: true,
    joined_at: before(60),
    hand_at: null,
    done: {},
    at: "day-2/one",
    at_since: before(4),
    tries: 0,
    found: "",
    expected: "",
    trouble: null,
    sandbox: null,
    active_at: before(1),
    watchers: [],
    unread: 0,
    ...fields,
  };
}

export function room(rows: readonly Row[], fields: Partial<RoomState> = {}): RoomState {
  return {
    workshop: {
      code: "abcdefgh",
      spoken_code: "abcd-efgh",
      title: "An evening",
      state: "open",
      starts_at: before(60),
      ends_at: before(-60),
      capacity: 10,
      names_on_wall: true,
      showing: null,
    },
    columns: [column("one"), column("two")],
    times: {},
    radar: [],
    rows: new Map(rows.map((one) => [one.id, one])),
    ...fields,
  };
}
