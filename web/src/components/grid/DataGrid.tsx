/**
 * A table of any length and width as an ARIA grid: only the cells in sight are in the page.
 *
 * The keyboard moves one active cell (arrows, Page Up and Down, Home and End, with Ctrl to the edges); Enter on a
 * heading runs its action.
 */
import { makeStyles, tokens } from "@fluentui/react-components";
import { useVirtualizer, type VirtualItem } from "@tanstack/react-virtual";
import { type KeyboardEvent, type ReactElement, useCallback, useEffect, useId, useMemo, useRef, useState } from "react";
import type { Column } from "../../api/types.ts";
import { type Cell, moveCell } from "./cellMoves.ts";
import { columnWidth } from "./cellText.ts";
import { GridHeader } from "./GridHeader.tsx";
import { GridRow } from "./GridRow.tsx";
import { type RowRange, scrollHeight, visibleRows } from "./rowWindow.ts";
import { useElementHeight } from "./useElementHeight.ts";
import { useRowScroll } from "./useRowScroll.ts";

const ROW_HEIGHT = 30;
const HEADER_HEIGHT = 40;
const DIGIT_WIDTH = 8;

const useStyles = makeStyles({
  grid: {
    position: "relative",
    height: "100%",
    overflow: "auto",
    fontSize: tokens.fontSizeBase200,
    color: tokens.colorNeutralForeground1,
    ":focus-visible": { outline: `2px solid ${tokens.colorStrokeFocus2}`, outlineOffset: "-2px" },
  },
  // Clipped, not hidden: a hidden overflow would make this the box that the row numbers stick to.
  window: { position: "sticky", overflow: "clip" },
});

/** What a person can do with a column from its heading. */
export interface ColumnAction {
  icon: ReactElement;
  label: (column: Column) => string;
  run: (column: Column) => void;
}

export interface DataGridProps {
  label: string;
  columns: readonly Column[];
  rowCount: number;
  /** The cells of a row, in the order of `columns`; undefined while they are still on their way. */
  rowAt: (row: number) => readonly unknown[] | undefined;
  /** The row that shows first, counted from 0. */
  firstRow: number;
  onFirstRowChange: (row: number) => void;
  /** Told which rows are in sight, at every change. */
  onRangeChange: (range: RowRange) => void;
  columnAction?: ColumnAction | undefined;
}

/** A column that is in sight, and where it stands. */
export interface PlacedColumn {
  index: number;
  column: Column;
  left: number;
  width: number;
}

/** See the module's description; the props are described one by one. */
export function DataGrid(props: DataGridProps) {
  const { label, columns, rowCount, rowAt, firstRow, onFirstRowChange, onRangeChange, columnAction } = props;
  const styles = useStyles();
  const id = useId();
  const element = useRef<HTMLDivElement>(null);
  const viewportHeight = Math.max(0, useElementHeight(element) - HEADER_HEIGHT);
  const list = useMemo(() => ({ rowCount, rowHeight: ROW_HEIGHT, viewportHeight }), [rowCount, viewportHeight]);
  const { top, onScroll, reveal } = useRowScroll({ element, list, firstRow, onFirstRowChange });
  const numberWidth = String(rowCount).length * DIGIT_WIDTH + 28;
  const { placed, width, revealColumn } = usePlacedColumns(element, columns, numberWidth);
  const [active, setActive] = useState<Cell>({ row: 0, column: 0 });

  const { first, end } = visibleRows(list, top);
  useEffect(() => onRangeChange({ first, end }), [first, end, onRangeChange]);

  const activate = useCallback(
    (cell: Cell) => {
      setActive(cell);
      if (cell.row >= 0) reveal(cell.row);
      revealColumn(cell.column);
    },
    [reveal, revealColumn],
  );

  const onKeyDown = (event: KeyboardEvent) => {
    const column = columns[active.column];
    if (event.key === "Enter" && active.row === -1 && column !== undefined && columnAction !== undefined) {
      columnAction.run(column);
      return;
    }
    const pageRows = Math.max(1, Math.floor(viewportHeight / ROW_HEIGHT) - 1);
    const key = { key: event.key, ctrl: event.ctrlKey || event.metaKey };
    const next = moveCell(active, key, { rowCount, columnCount: columns.length, pageRows });
    if (next === undefined) return;
    event.preventDefault();
    activate(next);
  };

  const rows = Array.from({ length: end - first }, (_, offset) => first + offset);
  return (
    // biome-ignore lint/a11y/useSemanticElements: a <table> cannot leave out the cells that are out of sight.
    <div
      ref={element}
      className={styles.grid}
      role="grid"
      aria-label={label}
      aria-rowcount={rowCount + 1}
      aria-colcount={columns.length + 1}
      aria-activedescendant={cellId(id, active)}
      tabIndex={0}
      onScroll={onScroll}
      onKeyDown={onKeyDown}
    >
      <div role="presentation" style={{ width, height: HEADER_HEIGHT + scrollHeight(list) }}>
        <GridHeader
          gridId={id}
          height={HEADER_HEIGHT}
          numberWidth={numberWidth}
          columns={placed}
          activeColumn={active.row === -1 ? active.column : undefined}
          action={columnAction}
          onActivate={activate}
        />
        {/* biome-ignore lint/a11y/useSemanticElements: as above */}
        <div role="rowgroup" className={styles.window} style={{ top: HEADER_HEIGHT, height: viewportHeight }}>
          {rows.map((row) => (
            <GridRow
              key={row}
              gridId={id}
              row={row}
              offset={row * ROW_HEIGHT - top}
              height={ROW_HEIGHT}
              numberWidth={numberWidth}
              columns={placed}
              cells={rowAt(row)}
              activeColumn={active.row === row ? active.column : undefined}
              onActivate={activate}
            />
          ))}
        </div>
      </div>
    </div>
  );
}

/** The id of a cell's element within the grid of that id. */
export function cellId(gridId: string, { row, column }: Cell): string {
  return `${gridId}-${row}-${column}`;
}

function usePlacedColumns(
  element: React.RefObject<HTMLDivElement | null>,
  columns: readonly Column[],
  numberWidth: number,
) {
  const virtualizer = useVirtualizer({
    horizontal: true,
    count: columns.length,
    getScrollElement: () => element.current,
    estimateSize: (index) => {
      const column = columns[index];
      return column === undefined ? 0 : columnWidth(column);
    },
    overscan: 2,
    paddingStart: numberWidth,
    scrollPaddingStart: numberWidth,
  });
  const items = virtualizer.getVirtualItems();
  const placed = useMemo(() => items.flatMap((item) => place(item, columns)), [items, columns]);
  const revealColumn = useCallback((column: number) => virtualizer.scrollToIndex(column), [virtualizer]);
  return { placed, width: virtualizer.getTotalSize(), revealColumn };
}

function place(item: VirtualItem, columns: readonly Column[]): PlacedColumn[] {
  const column = columns[item.index];
  return column === undefined ? [] : [{ index: item.index, column, left: item.start, width: item.size }];
}
