/** What a refusal of the server means to a person, beside the server's own words for it. */
import { ApiError } from "../api/apiError.ts";

const NOT_THERE =
  "You may not see this, or it is not there: the answer is the same for both." +
  " Check the address; if somebody sent it to you, ask them to give you access.";

const MAY_NOT =
  "You may see that this is there, and not what you asked for. Ask whoever looks after it for a role in it.";

/** The meaning of a 404, or of a 403 for want of rights; undefined for everything else. */
export function refusalMeaning(reason: unknown): string | undefined {
  if (!(reason instanceof ApiError)) return undefined;
  if (reason.status === 404) return NOT_THERE;
  // What comes from another page or session is refused whoever asks.
  const ofTheRequest = reason.code === "forbidden.csrf" || reason.code === "forbidden.origin";
  return reason.status === 403 && !ofTheRequest ? MAY_NOT : undefined;
}
