import { useCallback } from "react";
import { useHref, useSearchParams } from "react-router";
import { nextAddress } from "../../app/nextAddress.ts";

/**
 * Goes to where signing in leads.
 *
 * The page is loaded anew: nothing that was in memory before somebody signed in is there after, and the server's own
 * pages can be reached too. The way in leaves the history, so that Back does not lead to it.
 */
export function useEnter(): () => void {
  const [search] = useSearchParams();
  const href = useHref(nextAddress(search));
  return useCallback(() => window.location.replace(href), [href]);
}
