import { QueryClient } from "@tanstack/react-query";
import { ApiError } from "../api/apiError.ts";
import { meQuery } from "../api/queries.ts";
import { whenSessionEnds } from "../api/session.ts";

/** A request that was wrong stays wrong; only silence and the server's own failures are worth another try. */
function worthRetrying(failures: number, reason: Error): boolean {
  return failures < 2 && reason instanceof ApiError && (reason.status === 0 || reason.status >= 500);
}

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      retry: worthRetrying,
      retryDelay: 500,
      // The server is on this machine or in this network; the browser's guess of being offline says nothing of it.
      networkMode: "always",
    },
    mutations: { networkMode: "always" },
  },
});

// First nobody is there, so that no page is left to ask again for what is then forgotten.
whenSessionEnds(() => {
  queryClient.setQueryData(meQuery.queryKey, null);
  queryClient.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== meQuery.queryKey[0] });
});
