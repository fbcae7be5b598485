import { Button, makeStyles, mergeClasses, tokens } from "@fluentui/react-components";
import { ColumnTypeIcon } from "./ColumnTypeIcon.tsx";
import type { Cell } from "./cellMoves.ts";
import { type ColumnAction, cellId, type PlacedColumn } from "./DataGrid.tsx";

const useStyles = makeStyles({
  header: { position: "sticky", top: 0, zIndex: 2, backgroundColor: tokens.colorNeutralBackground2 },
  row: { position: "relative", boxSizing: "border-box", borderBottom: `1px solid ${tokens.colorNeutralStroke1}` },
  corner: {
    position: "sticky",
    left: 0,
    zIndex: 1,
    height: "100%",
    boxSizing: "border-box",
    backgroundColor: tokens.colorNeutralBackground2,
    borderRight: `1px solid ${tokens.colorNeutralStroke2}`,
  },
  cell: {
    position: "absolute",
    top: 0,
    height: "100%",
    boxSizing: "border-box",
    display: "flex",
    alignItems: "center",
    gap: "6px",
    padding: "0 4px 0 8px",
    borderRight: `1px solid ${tokens.colorNeutralStroke2}`,
    fontWeight: tokens.fontWeightSemibold,
    "& button": { opacity: 0 },
    ":hover button": { opacity: 1 },
    "& button:focus-visible": { opacity: 1 },
  },
  active: {
    '[role="grid"]:focus &': { outline: `2px solid ${tokens.colorBrandStroke1}`, outlineOffset: "-2px" },
    '[role="grid"]:focus & button': { opacity: 1 },
  },
  name: { flexGrow: 1, overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" },
  hidden: { position: "absolute", width: "1px", height: "1px", overflow: "hidden", clipPath: "inset(50%)" },
});

interface GridHeaderProps {
  gridId: string;
  height: number;
  numberWidth: number;
  columns: readonly PlacedColumn[];
  activeColumn: number | undefined;
  action: ColumnAction | undefined;
  onActivate: (cell: Cell) => void;
}

/** The headings: each column's type, name, and what can be done with it. */
export function GridHeader({
  gridId,
  height,
  numberWidth,
  columns,
  activeColumn,
  action,
  onActivate,
}: GridHeaderProps) {
  const styles = useStyles();
  return (
    // biome-ignore lint/a11y/useSemanticElements: see DataGrid
    <div role="rowgroup" className={styles.header}>
      {/* biome-ignore lint/a11y/useSemanticElements lint/a11y/useFocusableInteractive: the grid has the focus */}
      <div role="row" aria-rowindex={1} className={styles.row} style={{ height }}>
        {/* biome-ignore lint/a11y/useSemanticElements lint/a11y/useFocusableInteractive: as above */}
        <div role="columnheader" aria-colindex={1} className={styles.corner} style={{ width: numberWidth }}>
          <span className={styles.hidden}>Row</span>
        </div>
        {columns.map(({ index, column, left, width }) => (
          // biome-ignore lint/a11y/useSemanticElements lint/a11y/useFocusableInteractive lint/a11y/useKeyWithClickEvents: as above
          <div
            key={index}
            id={cellId(gridId, { row: -1, column: index })}
            role="columnheader"
            aria-colindex={index + 2}
            className={mergeClasses(styles.cell, activeColumn === index && styles.active)}
            style={{ left, width }}
            onClick={() => onActivate({ row: -1, column: index })}
          >
            <ColumnTypeIcon type={column.type} />
            <span className={styles.name} title={headingTitle(column)}>
              {column.name}
            </span>
            {action !== undefined && (
              <Button
                appearance="subtle"
                size="small"
                icon={action.icon}
                aria-label={action.label(column)}
                title={action.label(column)}
                tabIndex={-1}
                onClick={() => action.run(column)}
              />
            )}
          </div>
        ))}
      </div>
    </div>
  );
}

function headingTitle({ name, description }: PlacedColumn["column"]): string {
  return description === "" ? name : `${name}\n${description}`;
}
