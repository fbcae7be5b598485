import { type UseQueryResult, useQueries, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { lineageQuery } from "../../api/queries.ts";
import type { Lineage } from "../../api/types.ts";
import { type Expansion, type LineageGraph, mergeLineage } from "./graph.ts";
import type { LineageViewState } from "./viewState.ts";

/** How many neighbours of one asset are shown at first, and how many more at each step. */
export const FAN_OUT = 25;

/** As many neighbours of one asset as are ever shown. */
export const MAX_FAN_OUT = 999;

interface LineageResult {
  graph: LineageGraph | undefined;
  error: Error | null;
  retry: () => void;
}

/** The lineage of an asset, as deep and as wide as `state` has it. */
export function useLineage(guid: string, state: LineageViewState): LineageResult {
  const { direction, depth, expansions: requests } = state;
  const {
    data: base,
    error: baseError,
    refetch: refetchBase,
  } = useQuery(lineageQuery({ guid, direction, depth: depth ?? "easy", width: FAN_OUT }));
  const more = useQueries({
    queries: requests.map((request) =>
      lineageQuery({ guid: request.guid, direction: request.side, depth: request.depth, width: request.width }),
    ),
    combine: answersAndFailures,
  });
  const graph = useMemo(() => {
    if (base === undefined) return undefined;
    const expansions = requests.flatMap(({ side }, index): Expansion[] => {
      const lineage = more.answers[index];
      return lineage === undefined ? [] : [{ side, lineage }];
    });
    return mergeLineage(base, expansions);
  }, [base, requests, more.answers]);
  const retry = () => {
    if (baseError !== null) void refetchBase();
    for (const result of more.failed) void result.refetch();
  };
  return { graph, error: baseError ?? more.failed[0]?.error ?? null, retry };
}

function answersAndFailures(results: UseQueryResult<Lineage>[]) {
  return {
    answers: results.map((result) => result.data),
    failed: results.filter((result) => result.error !== null),
  };
}
