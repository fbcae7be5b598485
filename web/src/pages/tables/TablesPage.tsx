/** Every published table, under the dataflow that publishes it. */
import { makeStyles, mergeClasses, tokens } from "@fluentui/react-components";
import { Table20Regular } from "@fluentui/react-icons/svg/table";
import { useQuery } from "@tanstack/react-query";
import { tablesQuery } from "../../api/queries.ts";
import type { TableSummary } from "../../api/types.ts";
import { tableAddress } from "../../app/addresses.ts";
import { Page } from "../../components/Page.tsx";
import { RouterLink } from "../../components/RouterLink.tsx";
import { EmptyState, ErrorState, LoadingState } from "../../components/states.tsx";
import { TimeAgo } from "../../components/TimeAgo.tsx";
import { formatCount } from "../../lib/format.ts";
import { groupByDataflow } from "./grouping.ts";

const useStyles = makeStyles({
  group: { marginBottom: "32px" },
  dataflow: { margin: "0 0 8px", fontSize: tokens.fontSizeBase400, fontWeight: 600 },
  scroll: { overflowX: "auto" },
  table: { width: "100%", borderCollapse: "collapse", fontSize: tokens.fontSizeBase300 },
  heading: {
    padding: "8px 12px",
    textAlign: "left",
    fontWeight: tokens.fontWeightRegular,
    color: tokens.colorNeutralForeground3,
    borderBottom: `1px solid ${tokens.colorNeutralStroke1}`,
    whiteSpace: "nowrap",
  },
  row: { ":hover": { backgroundColor: tokens.colorNeutralBackground1Hover } },
  cell: { padding: "10px 12px", borderBottom: `1px solid ${tokens.colorNeutralStroke3}`, whiteSpace: "nowrap" },
  number: { textAlign: "right", fontVariantNumeric: "tabular-nums", width: "12%" },
  name: { width: "40%" },
  named: { display: "flex", alignItems: "center", gap: "10px", "& svg": { color: tokens.colorBrandForeground1 } },
});

function TableRow({ table }: { table: TableSummary }) {
  const styles = useStyles();
  return (
    <tr className={styles.row}>
      <td className={styles.cell}>
        <span className={styles.named}>
          <Table20Regular />
          <RouterLink to={tableAddress(table.dataflow, table.entity)}>{table.entity}</RouterLink>
        </span>
      </td>
      <td className={mergeClasses(styles.cell, styles.number)}>{formatCount(table.rows)}</td>
      <td className={mergeClasses(styles.cell, styles.number)}>{formatCount(table.columns)}</td>
      <td className={mergeClasses(styles.cell, styles.number)}>{table.delta_version}</td>
      <td className={styles.cell}>
        <TimeAgo iso={table.published_at} />
      </td>
    </tr>
  );
}

function DataflowTables({ dataflow, tables }: { dataflow: string; tables: readonly TableSummary[] }) {
  const styles = useStyles();
  return (
    <section className={styles.group} aria-label={`Dataflow ${dataflow}`}>
      <h2 className={styles.dataflow}>{dataflow}</h2>
      <div className={styles.scroll}>
        <table className={styles.table}>
          <thead>
            <tr>
              <th scope="col" className={mergeClasses(styles.heading, styles.name)}>
                Table
              </th>
              {["Rows", "Columns", "Version"].map((heading) => (
                <th key={heading} scope="col" className={mergeClasses(styles.heading, styles.number)}>
                  {heading}
                </th>
              ))}
              <th scope="col" className={styles.heading}>
                Published
              </th>
            </tr>
          </thead>
          <tbody>
            {tables.map((table) => (
              <TableRow key={table.entity} table={table} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

/** The page at `/tables`. */
export function TablesPage() {
  const { data, error, refetch } = useQuery(tablesQuery);
  if (data === undefined) {
    return error ? (
      <ErrorState wholePage reason={error} retry={() => void refetch()} />
    ) : (
      <LoadingState label="Loading the tables" />
    );
  }
  return (
    <Page title="Tables">
      {data.length === 0 ? (
        <EmptyState title="No table has been published yet">
          A refresh publishes the tables of its dataflow, and then they are listed here. “headwater demo” makes a first
          one.
        </EmptyState>
      ) : (
        groupByDataflow(data).map(([dataflow, tables]) => (
          <DataflowTables key={dataflow} dataflow={dataflow} tables={tables} />
        ))
      )}
    </Page>
  );
}
