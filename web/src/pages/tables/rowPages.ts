import type { RowRange } from "../../components/grid/rowWindow.ts";

/** How many rows before and after those in sight are brought along. */
const MARGIN_ROWS = 100;

/** The numbers of the pages that hold the rows in sight and their margin. */
export function pagesAround(range: RowRange, rowCount: number, rowsPerPage: number): number[] {
  if (rowCount === 0 || range.end <= range.first) return [];
  const first = Math.floor(Math.max(0, range.first - MARGIN_ROWS) / rowsPerPage);
  const last = Math.floor((Math.min(rowCount, range.end + MARGIN_ROWS) - 1) / rowsPerPage);
  return Array.from({ length: last - first + 1 }, (_, offset) => first + offset);
}
