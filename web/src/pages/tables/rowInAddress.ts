/** `?row=`: the row that shows first, counted from 1 as its number in the grid is; left out for the first. */
const PARAMETER = "row";

/** The row of an address, counted from 0; the nearest that exists if the address names one that does not. */
export function rowFromSearch(search: URLSearchParams, rowCount: number): number {
  const row = Number.parseInt(search.get(PARAMETER) ?? "1", 10);
  return Number.isNaN(row) ? 0 : Math.min(Math.max(row - 1, 0), Math.max(rowCount - 1, 0));
}

/** The address's parameters with `row`, counted from 0, in them. */
export function withRow(search: URLSearchParams, row: number): URLSearchParams {
  const next = new URLSearchParams(search);
  if (row === 0) next.delete(PARAMETER);
  else next.set(PARAMETER, String(row + 1));
  return next;
}

/**
 * Notes the row in the address bar while the page of `pathname`, base path and all, is shown.
 *
 * Not by way of the router: to it that would be a navigation, which calls off one that is on its way.
 */
export function noteRow(pathname: string, row: number): void {
  const address = new URL(window.location.href);
  if (address.pathname !== pathname) return;
  address.search = withRow(address.searchParams, row).toString();
  window.history.replaceState(window.history.state, "", address);
}
