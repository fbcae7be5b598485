/** Where signing in leads: the address that was asked for, as long as it is one of this app. */

/** Stands in for the app's own origin: whatever resolves to another one is somebody else's. */
const HERE = "http://here.invalid";

/** First segments of addresses that are no pages: the server's own, and the ways in themselves. */
const NO_PAGES = new Set(["api", "healthz", "readyz", "openapi.json", "sign-in"]);

/**
 * The address in `?next=`, relative to the app's base; `/` where there is none, or it leads out of the app.
 *
 * It is read as browsers read addresses (`/\evil`, `/<tab>/evil` and `/.//evil` all are another site's), and what is
 * given back is what was understood.
 */
export function nextAddress(search: URLSearchParams): string {
  const wanted = search.get("next") ?? "/";
  if (!wanted.startsWith("/") || !URL.canParse(wanted, HERE)) return "/";
  const { origin, pathname, search: query, hash } = new URL(wanted, HERE);
  const firstSegment = pathname.split("/")[1] ?? "";
  if (origin !== HERE || pathname.startsWith("//") || NO_PAGES.has(firstSegment)) return "/";
  return pathname + query + hash;
}

/** The sign-in page that leads back to `address`, a path with search and fragment. */
export function signInAddress(address: string): string {
  return address === "/" ? "/sign-in" : `/sign-in?${new URLSearchParams({ next: address })}`;
}
