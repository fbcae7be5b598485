/**
 * The browser's session as this page knows it.
 *
 * The cookie is the browser's own and out of reach here. The CSRF token is in this module's memory and nowhere else.
 */
import type { Me } from "./types.ts";

/** How a session came to its end: by itself or elsewhere, or because somebody signed out here. */
export type Ending = "ended" | "signed-out";

const HEADER = "X-CSRF-Token";
const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);
const WAYS_IN = /\/api\/sign-in(\/|$)/;

let current: Pick<Me, "id" | "csrf_token"> | undefined;
let ending: Ending | undefined;
const listeners = new Set<() => void>();

/** Takes note of who is signed in, as `GET /api/me` says. */
export function noteSession(me: Me): void {
  if (current !== undefined && current.id !== me.id) {
    // Somebody else signed in, in another tab: what this page holds is not theirs to see.
    window.location.reload();
    return;
  }
  current = { id: me.id, csrf_token: me.csrf_token };
}

/** Takes note that nobody is signed in any more. */
export function endSession(how: Ending): void {
  if (current === undefined) return;
  current = undefined;
  ending = how;
  for (const told of listeners) told();
}

/** Has `told` called whenever a session ends that this page knew of. */
export function whenSessionEnds(told: () => void): void {
  listeners.add(told);
}

/** How the session that this page knew came to its end; undefined where it never knew one. */
export function sessionEnding(): Ending | undefined {
  return ending;
}

/**
 * Sends requests as the session: with the CSRF token if they change something, and with an ear for its end.
 *
 * @param renew - asks the server who is signed in, and notes it
 */
export function inSession(renew: () => Promise<void>): (request: Request) => Promise<Response> {
  const sendChange = async (request: Request): Promise<Response> => {
    const again = request.clone();
    const response = await fetch(withToken(request));
    if (!(await isOfAnotherSession(response))) return response;
    await renew();
    return fetch(withToken(again));
  };
  return async (request) => {
    const response = await (SAFE.has(request.method) ? fetch(request) : sendChange(request));
    if (response.status === 401 && !WAYS_IN.test(new URL(request.url).pathname)) endSession("ended");
    return response;
  };
}

function withToken(request: Request): Request {
  const token = current?.csrf_token;
  if (typeof token === "string") request.headers.set(HEADER, token);
  return request;
}

/** The cookie is a newer session's, begun in another tab, and the token is not its. */
async function isOfAnotherSession(response: Response): Promise<boolean> {
  if (response.status !== 403 || response.headers.get("Content-Type") !== "application/json") return false;
  const answer = (await response.clone().json()) as { error?: { code?: unknown } };
  return answer.error?.code === "forbidden.csrf";
}
