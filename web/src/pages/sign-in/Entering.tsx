import { useEffect } from "react";
import { LoadingState } from "../../components/states.tsx";
import { useEnter } from "./useEnter.ts";

/** For who is signed in already, or has just come in: on to where they wanted to go. */
export function Entering() {
  const enter = useEnter();
  useEffect(enter, [enter]);
  return <LoadingState label="Signed in" />;
}
