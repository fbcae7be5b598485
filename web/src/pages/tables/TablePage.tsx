/** One published table: what it is, and its rows. `?row=` (counted from 1) says which row shows first. */
import { Button, MessageBar, MessageBarActions, MessageBarBody, makeStyles, tokens } from "@fluentui/react-components";
import { Flow16Regular } from "@fluentui/react-icons/svg/flow";
import { useQuery } from "@tanstack/react-query";
import { useCallback, useMemo, useState } from "react";
import { useLocation, useNavigate, useParams } from "react-router";
import { tableQuery } from "../../api/queries.ts";
import type { Column, Table } from "../../api/types.ts";
import { lineageAddress } from "../../app/addresses.ts";
import { DataGrid } from "../../components/grid/DataGrid.tsx";
import type { RowRange } from "../../components/grid/rowWindow.ts";
import { EmptyState, ErrorState, LoadingState } from "../../components/states.tsx";
import { basePath } from "../../lib/basePath.ts";
import { countOf, formatCount } from "../../lib/format.ts";
import { noteRow, rowFromSearch } from "./rowInAddress.ts";
import { TableHeader } from "./TableHeader.tsx";
import { useTableRows } from "./useTableRows.ts";

const useStyles = makeStyles({
  page: { height: "100%", display: "flex", flexDirection: "column", minHeight: 0 },
  grid: { flexGrow: 1, minHeight: "160px", borderTop: `1px solid ${tokens.colorNeutralStroke2}`, position: "relative" },
  status: {
    display: "flex",
    flexWrap: "wrap",
    gap: "4px 20px",
    padding: "6px 16px",
    borderTop: `1px solid ${tokens.colorNeutralStroke2}`,
    backgroundColor: tokens.colorNeutralBackground2,
    color: tokens.colorNeutralForeground2,
    fontSize: tokens.fontSizeBase200,
    fontVariantNumeric: "tabular-nums",
  },
});

function StatusBar({ table, range }: { table: Table; range: RowRange }) {
  const styles = useStyles();
  const shown = range.end > range.first ? `Rows ${formatCount(range.first + 1)}–${formatCount(range.end)} of ` : "";
  return (
    <footer className={styles.status}>
      <span>{countOf(table.columns, "column")}</span>
      <span>
        {shown}
        {shown === "" ? countOf(table.rows, "row") : formatCount(table.rows)}
      </span>
    </footer>
  );
}

function TableRowsGrid({ table }: { table: Table }) {
  const styles = useStyles();
  const navigate = useNavigate();
  const [range, setRange] = useState<RowRange>({ first: 0, end: 0 });
  const { rowAt, show, error, retry } = useTableRows(table);
  const onRangeChange = useCallback(
    (inSight: RowRange) => {
      setRange(inSight);
      show(inSight);
    },
    [show],
  );
  const { pathname, search } = useLocation();
  const onFirstRowChange = useCallback((row: number) => noteRow(basePath + pathname, row), [pathname]);
  const { guid } = table;
  const columnAction = useMemo(() => {
    if (guid === null) return undefined;
    return {
      icon: <Flow16Regular />,
      label: (column: Column) => `Lineage of ${column.name}`,
      run: (column: Column) => void navigate(lineageAddress(guid, column.name)),
    };
  }, [guid, navigate]);
  if (error !== null && rowAt(range.first) === undefined) return <ErrorState reason={error} retry={retry} />;
  return (
    <>
      {error !== null && (
        <MessageBar intent="error">
          <MessageBarBody>Some rows could not be loaded. {error.message}</MessageBarBody>
          <MessageBarActions>
            <Button onClick={retry}>Try again</Button>
          </MessageBarActions>
        </MessageBar>
      )}
      <div className={styles.grid}>
        <DataGrid
          label={`Rows of ${table.entity}`}
          columns={table.schema}
          rowCount={table.rows}
          rowAt={rowAt}
          firstRow={rowFromSearch(new URLSearchParams(search), table.rows)}
          onFirstRowChange={onFirstRowChange}
          onRangeChange={onRangeChange}
          columnAction={columnAction}
        />
      </div>
      <StatusBar table={table} range={range} />
    </>
  );
}

/** The page at `/tables/:dataflow/:entity`. */
export function TablePage() {
  const styles = useStyles();
  const { dataflow = "", entity = "" } = useParams();
  const { data: table, error, refetch } = useQuery(tableQuery(dataflow, entity));
  if (table === undefined) {
    return error ? (
      <ErrorState wholePage reason={error} retry={() => void refetch()} />
    ) : (
      <LoadingState label={`Loading ${entity}`} />
    );
  }
  return (
    <div className={styles.page}>
      <title>{`${entity} · Headwater`}</title>
      <TableHeader table={table} />
      {table.rows === 0 ? (
        <EmptyState title="This table has no rows">
          Its last refresh published {countOf(table.columns, "column")} and nothing in them.
        </EmptyState>
      ) : (
        <TableRowsGrid key={`${dataflow}/${entity}/${table.delta_version}`} table={table} />
      )}
    </div>
  );
}
