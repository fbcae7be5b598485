/** How keys move the active cell of a grid, as the ARIA authoring practices have it for a data grid. */

/** Row -1 is the header; rows and columns count from 0. */
export interface Cell {
  row: number;
  column: number;
}

export interface GridSize {
  rowCount: number;
  columnCount: number;
  /** How many rows Page Up and Page Down move by. */
  pageRows: number;
}

/** The key of a keyboard event, with whether Ctrl (or Command) was down. */
export interface GridKey {
  key: string;
  ctrl: boolean;
}

/** The cell that `key` leads to from `cell`, or undefined where the key moves nothing. */
export function moveCell(cell: Cell, { key, ctrl }: GridKey, size: GridSize): Cell | undefined {
  const lastRow = size.rowCount - 1;
  const lastColumn = size.columnCount - 1;
  const to = (row: number, column: number): Cell => ({
    row: Math.min(Math.max(row, -1), lastRow),
    column: Math.min(Math.max(column, 0), lastColumn),
  });
  switch (key) {
    case "ArrowUp":
      return ctrl ? to(-1, cell.column) : to(cell.row - 1, cell.column);
    case "ArrowDown":
      return ctrl ? to(lastRow, cell.column) : to(cell.row + 1, cell.column);
    case "ArrowLeft":
      return to(cell.row, ctrl ? 0 : cell.column - 1);
    case "ArrowRight":
      return to(cell.row, ctrl ? lastColumn : cell.column + 1);
    case "PageUp":
      return to(cell.row - size.pageRows, cell.column);
    case "PageDown":
      return to(cell.row + size.pageRows, cell.column);
    case "Home":
      return ctrl ? to(0, 0) : to(cell.row, 0);
    case "End":
      return ctrl ? to(lastRow, lastColumn) : to(cell.row, lastColumn);
    default:
      return undefined;
  }
}
