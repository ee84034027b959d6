/** What a button posts: a form, answered with JSON. */
import { say } from "../strings.ts";

export type Answer = Readonly<Record<string, unknown>>;

/** Return the answer, or an error as a sentence. Never throws. */
export async function post(url: string, csrf: string, form: Record<string, string> = {}): Promise<Answer | string> {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { Accept: "application/json", "X-CSRFToken": csrf },
      body: new URLSearchParams(form),
      credentials: "same-origin",
      redirect: "manual",
      signal: AbortSignal.timeout(15_000),
    });
    const body: unknown = await response.json();
    if (typeof body !== "object" || body === null) return say("post-failed");
    if (response.ok) return body as Answer;
    return "error" in body ? String(body.error) : say("post-failed");
  } catch {
    return say("post-failed");
  }
}
