import { say } from "../strings.ts";

/** Beyond this a browser's question would be cut, or push its buttons out of sight. */
const SHOWN = 300;

/**
 * Return the address of a page that a link in a terminal leads to, or null if it leads to anything else.
 *
 * Spelt the way the browser takes it: letters that only look like others stand out, and none turns the line around.
 */
export function addressOf(link: string): URL | null {
  try {
    const address = new URL(link);
    return address.protocol === "http:" || address.protocol === "https:" ? address : null;
  } catch {
    return null;
  }
}

/** Open a link that a program printed, which may say one thing and mean another: ask first, with the true address. */
export function openLink(link: string): void {
  const address = addressOf(link);
  if (!address) return;
  const { href, host } = address;
  const shown = href.length > SHOWN ? `${href.slice(0, SHOWN)}…` : href;
  if (window.confirm(`${say("open-link", { host })}\n\n${shown}`)) window.open(href, "_blank", "noopener,noreferrer");
}
