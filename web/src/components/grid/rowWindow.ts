/**
 * Which rows of a table of any length a viewport shows.
 *
 * A browser draws no element taller than some limit (Firefox: about 17.9 million pixels), which a million rows pass.
 * So the scrolled element stands for the rows at a smaller scale: the scroll bar says roughly where, and steps
 * smaller than a viewport (wheel, arrow on the bar) move the rows pixel by pixel.
 */

/** No scrolled element is taller than this, well below every browser's limit. */
export const MAX_SCROLL_HEIGHT = 8_000_000;

/** A list of equally high rows in a viewport; all in CSS pixels but `rowCount`. */
export interface RowList {
  rowCount: number;
  rowHeight: number;
  viewportHeight: number;
}

/** The first row that is at least partly visible, and the one after the last. */
export interface RowRange {
  first: number;
  end: number;
}

/** How high all rows would be if a browser could draw them. */
export function totalHeight(list: RowList): number {
  return list.rowCount * list.rowHeight;
}

/** How high the scrolled element is. */
export function scrollHeight(list: RowList): number {
  return Math.min(totalHeight(list), MAX_SCROLL_HEIGHT);
}

/** The furthest that the first visible pixel can be from the first row's top. */
export function maxTop(list: RowList): number {
  return Math.max(0, totalHeight(list) - list.viewportHeight);
}

function maxScrollTop(list: RowList): number {
  return Math.max(0, scrollHeight(list) - list.viewportHeight);
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

/** Where the scroll bar stands when the rows stand at `top`. */
export function scrollTopOf(list: RowList, top: number): number {
  const reach = maxTop(list);
  return reach === 0 ? 0 : (top / reach) * maxScrollTop(list);
}

/**
 * Where the rows stand after the scroll bar went from `previousScrollTop` to `scrollTop`, having stood at `top`.
 *
 * The ends of the bar are the ends of the rows, whatever way led there.
 */
export function topAfterScroll(list: RowList, top: number, previousScrollTop: number, scrollTop: number): number {
  const end = maxScrollTop(list);
  if (scrollTop <= 0) return 0;
  // Browsers stop up to a pixel short of the end when the page is zoomed.
  if (scrollTop >= end - 1) return maxTop(list);
  const step = scrollTop - previousScrollTop;
  if (Math.abs(step) < list.viewportHeight) return clamp(top + step, 0, maxTop(list));
  return (scrollTop / end) * maxTop(list);
}

/** The rows that show at `top`. */
export function visibleRows(list: RowList, top: number): RowRange {
  const first = Math.floor(top / list.rowHeight);
  const end = Math.ceil((top + list.viewportHeight) / list.rowHeight);
  return { first: clamp(first, 0, list.rowCount), end: clamp(end, 0, list.rowCount) };
}

/** Where the rows must stand for `row` to be wholly visible, moving as little as possible from `top`. */
export function topToReveal(list: RowList, top: number, row: number): number {
  const rowTop = row * list.rowHeight;
  const rowEnd = rowTop + list.rowHeight - list.viewportHeight;
  return clamp(clamp(top, rowEnd, rowTop), 0, maxTop(list));
}
