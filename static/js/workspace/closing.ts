/** What a websocket's close code asks of the page. The codes from 4000 on are ours. */
export type Verdict =
  | "sign-in" // the session is over: only a person can mend it
  | "ask-anew" // no such sandbox, or not ours: ask for one again
  | "not-running" // look at the sandbox's state, and try again while it says running
  | "engine-down" // say so, and try again
  | "retry"; // lost connection, restarted server: try again quietly

export function verdictOf(code: number): Verdict {
  switch (code) {
    case 4401:
      return "sign-in";
    case 4404:
      return "ask-anew";
    case 4409:
      return "not-running";
    case 4503:
      return "engine-down";
    default:
      return "retry";
  }
}

/** Whether the socket opens again by itself after this verdict. */
export function opensAgain(verdict: Verdict): boolean {
  return verdict !== "sign-in" && verdict !== "ask-anew";
}
