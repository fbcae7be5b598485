/** What the pages ask of the server: one place for each question's key, call and freshness. */
import { queryOptions } from "@tanstack/react-query";
import { ApiError } from "./apiError.ts";
import { body, client } from "./client.ts";
import { noteSession } from "./session.ts";
import type { Direction, Me, SignInWays } from "./types.ts";

export const ROWS_PER_PAGE = 200;

/** Who is signed in; null for nobody. */
export const meQuery = queryOptions({
  queryKey: ["me"],
  queryFn: async ({ signal }): Promise<Me | null> => {
    try {
      const me = await body(client.GET("/api/me", { signal }));
      noteSession(me);
      return me;
    } catch (reason) {
      if (reason instanceof ApiError && reason.status === 401) return null;
      throw reason;
    }
  },
});

export const signInWaysQuery = queryOptions({
  queryKey: ["sign-in"],
  queryFn: ({ signal }): Promise<SignInWays> => body(client.GET("/api/sign-in", { signal })),
});

export const overviewQuery = queryOptions({
  queryKey: ["overview"],
  queryFn: ({ signal }) => body(client.GET("/api/overview", { signal })),
});

export const tablesQuery = queryOptions({
  queryKey: ["tables"],
  queryFn: async ({ signal }) => (await body(client.GET("/api/tables", { signal }))).value,
});

export function tableQuery(dataflow: string, entity: string) {
  return queryOptions({
    queryKey: ["tables", dataflow, entity],
    queryFn: ({ signal }) =>
      body(client.GET("/api/tables/{dataflow}/{entity}", { params: { path: { dataflow, entity } }, signal })),
  });
}

/** One page of rows of one version of a table, which never changes and so never grows stale. */
export function rowsQuery(dataflow: string, entity: string, version: number, page: number) {
  const query = { offset: page * ROWS_PER_PAGE, limit: ROWS_PER_PAGE, version };
  return queryOptions({
    queryKey: ["rows", dataflow, entity, version, page],
    queryFn: ({ signal }) =>
      body(
        client.GET("/api/tables/{dataflow}/{entity}/rows", { params: { path: { dataflow, entity }, query }, signal }),
      ),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
  });
}

export function assetQuery(guid: string) {
  return queryOptions({
    queryKey: ["assets", guid],
    queryFn: ({ signal }) => body(client.GET("/api/assets/{guid}", { params: { path: { guid } }, signal })),
  });
}

export interface LineageQuestion {
  guid: string;
  direction: Direction;
  /** How many steps to follow, 1 to 20; "easy" is as many as stay easy to take in: one, if even two are too many. */
  depth: number | "easy";
  /** How many neighbours of one asset to name at most; the rest are counted. */
  width: number;
}

/** These depths are tried in turn until a graph is easy to take in. */
const EASY_DEPTHS = [5, 2, 1] as const;
const EASY_NODES = 60;

export function lineageQuery({ guid, direction, depth, width }: LineageQuestion) {
  const ask = (steps: number, signal: AbortSignal) => {
    const params = { path: { guid }, query: { direction, depth: steps, width } };
    return body(client.GET("/api/lineage/{guid}", { params, signal }));
  };
  return queryOptions({
    queryKey: ["lineage", guid, direction, depth, width],
    queryFn: async ({ signal }) => {
      if (depth !== "easy") return ask(depth, signal);
      const [deepest, ...shallower] = EASY_DEPTHS;
      let answer = await ask(deepest, signal);
      for (const steps of shallower) {
        if (answer.nodes.length <= EASY_NODES) break;
        answer = await ask(steps, signal);
      }
      return answer;
    },
  });
}
