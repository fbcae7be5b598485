import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Navigate, useLocation } from "react-router";
import { meQuery } from "../api/queries.ts";
import { sessionEnding } from "../api/session.ts";
import { ErrorState, LoadingState } from "../components/states.tsx";
import { signInAddress } from "./nextAddress.ts";
import { WholeWindow } from "./WholeWindow.tsx";

function ToSignIn() {
  const { pathname } = useLocation();
  const ending = sessionEnding();
  // Pages note their position in the address bar without the router's knowledge.
  const here = pathname + window.location.search + window.location.hash;
  const to = ending === "signed-out" ? "/sign-in" : signInAddress(here);
  return (
    <WholeWindow>
      <Navigate to={to} replace state={{ ending }} />
      <LoadingState label="Loading" />
    </WholeWindow>
  );
}

/** Shows its children to who is signed in, and the way in to everybody else. */
export function SignedInOnly({ children }: { children: ReactNode }) {
  const { data: me, error, refetch } = useQuery(meQuery);
  if (me === null) return <ToSignIn />;
  if (me !== undefined) return children;
  return (
    <WholeWindow>
      {error ? (
        <ErrorState wholePage reason={error} retry={() => void refetch()} />
      ) : (
        <LoadingState label="Loading Headwater" />
      )}
    </WholeWindow>
  );
}
