import { makeStyles, tokens } from "@fluentui/react-components";
import { Flow16Regular } from "@fluentui/react-icons/svg/flow";
import type { Table } from "../../api/types.ts";
import { lineageAddress } from "../../app/addresses.ts";
import { RouterLink } from "../../components/RouterLink.tsx";
import { TimeAgo } from "../../components/TimeAgo.tsx";
import { countOf } from "../../lib/format.ts";

const useStyles = makeStyles({
  header: { padding: "16px 24px 14px", display: "flex", flexDirection: "column", gap: "4px" },
  trail: { display: "flex", gap: "6px", color: tokens.colorNeutralForeground3, fontSize: tokens.fontSizeBase200 },
  title: {
    margin: 0,
    fontSize: tokens.fontSizeBase600,
    lineHeight: tokens.lineHeightBase600,
    overflowWrap: "anywhere",
  },
  facts: {
    display: "flex",
    flexWrap: "wrap",
    alignItems: "center",
    gap: "4px 20px",
    color: tokens.colorNeutralForeground2,
    fontSize: tokens.fontSizeBase300,
  },
  lineage: { display: "inline-flex", alignItems: "center", gap: "6px" },
});

/** What the table is: where it comes from, how large and how fresh it is, and the way to its lineage. */
export function TableHeader({ table }: { table: Table }) {
  const styles = useStyles();
  return (
    <header className={styles.header}>
      <nav className={styles.trail} aria-label="Breadcrumb">
        <RouterLink to="/tables">Tables</RouterLink>
        <span aria-hidden>›</span>
        <span>{table.dataflow}</span>
      </nav>
      <h1 className={styles.title}>{table.entity}</h1>
      <div className={styles.facts}>
        <span>{countOf(table.rows, "row")}</span>
        <span>{countOf(table.columns, "column")}</span>
        <span>Version {table.delta_version}</span>
        <span>
          Published <TimeAgo iso={table.published_at} />
        </span>
        {table.guid !== null && (
          <RouterLink to={lineageAddress(table.guid)} className={styles.lineage}>
            <Flow16Regular /> Lineage
          </RouterLink>
        )}
      </div>
    </header>
  );
}
