import { useQueries } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import { ROWS_PER_PAGE, rowsQuery } from "../../api/queries.ts";
import type { Table } from "../../api/types.ts";
import type { RowRange } from "../../components/grid/rowWindow.ts";
import { pagesAround } from "./rowPages.ts";

const THROTTLE_MS = 100;

interface TableRows {
  rowAt: (row: number) => readonly unknown[] | undefined;
  /** Says which rows are in sight; those on pages that fall out of sight are no longer waited for. */
  show: (range: RowRange) => void;
  error: Error | null;
  retry: () => void;
}

/** The rows of the published version of a table, brought page by page as they come in sight. */
export function useTableRows({ dataflow, entity, delta_version, rows }: Table): TableRows {
  const [range, show] = useThrottled<RowRange>({ first: 0, end: 1 });
  const pages = pagesAround(range, rows, ROWS_PER_PAGE);
  const results = useQueries({ queries: pages.map((page) => rowsQuery(dataflow, entity, delta_version, page)) });
  const firstPage = pages[0] ?? 0;
  const rowAt = (row: number) => results[Math.floor(row / ROWS_PER_PAGE) - firstPage]?.data?.rows[row % ROWS_PER_PAGE];
  const failed = results.filter((result) => result.error !== null);
  const retry = () => {
    for (const result of failed) void result.refetch();
  };
  return { rowAt, show, error: failed[0]?.error ?? null, retry };
}

/** A state that takes at most one new value in {@link THROTTLE_MS}, and always the last. */
function useThrottled<Value>(initial: Value): [Value, (value: Value) => void] {
  const [value, setValue] = useState(initial);
  const latest = useRef(initial);
  const timer = useRef(0);
  const set = useCallback((next: Value) => {
    latest.current = next;
    if (timer.current !== 0) return;
    timer.current = window.setTimeout(() => {
      timer.current = 0;
      setValue(latest.current);
    }, THROTTLE_MS);
  }, []);
  useEffect(
    () => () => {
      window.clearTimeout(timer.current);
      timer.current = 0;
    },
    [],
  );
  return [value, set];
}
