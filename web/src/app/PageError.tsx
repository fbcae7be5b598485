import { useRouteError } from "react-router";
import { ErrorState } from "../components/states.tsx";

/** Shown in a page's place when the page itself fails, or when its chunk could not be loaded. */
export function PageError() {
  const reason = useRouteError();
  return <ErrorState wholePage reason={reason} retry={() => window.location.reload()} />;
}
