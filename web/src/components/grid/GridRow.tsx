import { makeStyles, mergeClasses, tokens } from "@fluentui/react-components";
import { memo } from "react";
import { formatCount } from "../../lib/format.ts";
import type { Cell } from "./cellMoves.ts";
import { cellText, isNumeric } from "./cellText.ts";
import { cellId, type PlacedColumn } from "./DataGrid.tsx";

const useStyles = makeStyles({
  row: {
    position: "absolute",
    top: 0,
    left: 0,
    width: "100%",
    boxSizing: "border-box",
    borderBottom: `1px solid ${tokens.colorNeutralStroke3}`,
    ":hover": { backgroundColor: tokens.colorSubtleBackgroundHover },
  },
  number: {
    position: "sticky",
    left: 0,
    zIndex: 1,
    height: "100%",
    boxSizing: "border-box",
    padding: "0 10px 0 8px",
    display: "flex",
    alignItems: "center",
    justifyContent: "flex-end",
    color: tokens.colorNeutralForeground3,
    backgroundColor: tokens.colorNeutralBackground2,
    borderRight: `1px solid ${tokens.colorNeutralStroke2}`,
    fontVariantNumeric: "tabular-nums",
  },
  cell: {
    position: "absolute",
    top: 0,
    height: "100%",
    boxSizing: "border-box",
    padding: "6px 10px",
    overflow: "hidden",
    textOverflow: "ellipsis",
    whiteSpace: "nowrap",
  },
  numeric: { textAlign: "right", fontVariantNumeric: "tabular-nums" },
  null: { color: tokens.colorNeutralForeground3, fontStyle: "italic" },
  active: {
    '[role="grid"]:focus &': { outline: `2px solid ${tokens.colorBrandStroke1}`, outlineOffset: "-2px" },
  },
  waiting: {
    display: "inline-block",
    width: "60%",
    height: "8px",
    borderRadius: tokens.borderRadiusMedium,
    backgroundColor: tokens.colorNeutralStencil1,
  },
});

interface GridRowProps {
  gridId: string;
  row: number;
  /** How far the row's top is from the window's. */
  offset: number;
  height: number;
  numberWidth: number;
  columns: readonly PlacedColumn[];
  cells: readonly unknown[] | undefined;
  activeColumn: number | undefined;
  onActivate: (cell: Cell) => void;
}

/** One row: its number, counted from 1, and the cells in sight. */
export const GridRow = memo(function GridRow(props: GridRowProps) {
  const { gridId, row, offset, height, numberWidth, columns, cells, activeColumn, onActivate } = props;
  const styles = useStyles();
  return (
    // biome-ignore lint/a11y/useSemanticElements lint/a11y/useFocusableInteractive: see DataGrid; the grid has the focus
    <div
      role="row"
      aria-rowindex={row + 2}
      className={styles.row}
      style={{ height, transform: `translateY(${offset}px)` }}
    >
      {/* biome-ignore lint/a11y/useSemanticElements lint/a11y/useFocusableInteractive: as above */}
      <div role="rowheader" aria-colindex={1} className={styles.number} style={{ width: numberWidth }}>
        {formatCount(row + 1)}
      </div>
      {columns.map(({ index, column, left, width }) => {
        const text = cells === undefined ? undefined : cellText(column.type, cells[index]);
        const isNull = cells !== undefined && text === undefined;
        return (
          // biome-ignore lint/a11y/useSemanticElements lint/a11y/useFocusableInteractive lint/a11y/useKeyWithClickEvents: as above
          <div
            key={index}
            id={cellId(gridId, { row, column: index })}
            role="gridcell"
            aria-colindex={index + 2}
            className={mergeClasses(
              styles.cell,
              isNumeric(column.type) && styles.numeric,
              isNull && styles.null,
              activeColumn === index && styles.active,
            )}
            style={{ left, width }}
            title={text}
            onClick={() => onActivate({ row, column: index })}
          >
            {cells === undefined ? <span className={styles.waiting} /> : (text ?? "null")}
          </div>
        );
      })}
    </div>
  );
});
