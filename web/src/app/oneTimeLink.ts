/**
 * The token of a one-time link.
 *
 * It comes in the address's fragment, which is sent to no server, and is taken out of the address bar and the history
 * before the router or a page reads the address. From then on it is in this module's memory alone.
 */
import { useSyncExternalStore } from "react";

const FRAGMENT = /^#(hwl_[\w-]+)$/;

let token: string | undefined;
const listeners = new Set<() => void>();

/** The token that a fragment (`#hwl_…`) is; undefined for any other. */
export function tokenIn(fragment: string): string | undefined {
  return FRAGMENT.exec(fragment)?.[1];
}

function take(): void {
  const found = tokenIn(window.location.hash);
  if (found === undefined) return;
  token = found;
  const { pathname, search } = window.location;
  window.history.replaceState(window.history.state, "", pathname + search);
  for (const changed of listeners) changed();
}

/** Takes the token out of the address, now and whenever another link is pasted into this tab. */
export function takeLinkTokens(): void {
  take();
  // A link that differs in its fragment alone loads no page. Heard before the router, which listens from later on.
  window.addEventListener("popstate", take);
}

function subscribe(changed: () => void): () => void {
  listeners.add(changed);
  return () => listeners.delete(changed);
}

/** The token of the latest link that this tab was opened with, if there was one. */
export function useLinkToken(): string | undefined {
  return useSyncExternalStore(subscribe, () => token);
}
