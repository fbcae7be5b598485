import { useMutation } from "@tanstack/react-query";
import type { ApiError } from "../../api/apiError.ts";
import { useEnter } from "./useEnter.ts";

/** A call that signs somebody in; once it has, they go to where they wanted. `busy` until the next page is there. */
export function useWayIn<Input>(call: (input: Input) => Promise<unknown>) {
  const enter = useEnter();
  const { mutate, error, isPending, isSuccess, reset } = useMutation<unknown, ApiError, Input>({
    mutationFn: call,
    onSuccess: enter,
  });
  return { mutate, error, reset, busy: isPending || isSuccess };
}
