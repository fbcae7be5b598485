/** What is known of the asset that is selected in the lineage. */
import { Button, Link, makeStyles, Text, Tooltip, tokens } from "@fluentui/react-components";
import { Dismiss20Regular } from "@fluentui/react-icons/svg/dismiss";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { assetQuery, tablesQuery } from "../../api/queries.ts";
import type { Asset } from "../../api/types.ts";
import { lineageAddress, tableAddress } from "../../app/addresses.ts";
import { assetType } from "../../components/assetTypes.tsx";
import { RouterLink } from "../../components/RouterLink.tsx";
import { ErrorState, LoadingState } from "../../components/states.tsx";
import { formatTime } from "../../lib/format.ts";

const useStyles = makeStyles({
  panel: {
    width: "340px",
    flexShrink: 0,
    boxSizing: "border-box",
    overflow: "auto",
    padding: "16px 20px 24px",
    borderLeft: `1px solid ${tokens.colorNeutralStroke2}`,
    backgroundColor: tokens.colorNeutralBackground1,
    "@media (max-width: 880px)": { position: "absolute", inset: "0 0 0 auto", zIndex: 6, boxShadow: tokens.shadow16 },
  },
  heading: { display: "flex", alignItems: "flex-start", justifyContent: "space-between", gap: "8px" },
  title: { margin: 0, fontSize: tokens.fontSizeBase400, overflowWrap: "anywhere" },
  muted: { color: tokens.colorNeutralForeground3 },
  links: { display: "flex", flexWrap: "wrap", gap: "4px 16px", margin: "12px 0" },
  part: { margin: "16px 0 6px", fontSize: tokens.fontSizeBase300 },
  facts: { margin: 0, display: "flex", flexDirection: "column", gap: "8px" },
  term: { color: tokens.colorNeutralForeground3, fontSize: tokens.fontSizeBase200 },
  detail: { margin: 0, overflowWrap: "anywhere", whiteSpace: "pre-wrap" },
  columns: { margin: 0, padding: 0, listStyleType: "none" },
  column: { display: "flex", justifyContent: "space-between", gap: "12px", padding: "4px 0" },
});

interface AssetPanelProps {
  guid: string;
  isRoot: boolean;
  onFocusColumn: (column: string) => void;
  onClose: () => void;
}

function Fact({ term, children }: { term: string; children: ReactNode }) {
  const styles = useStyles();
  return (
    <div>
      <dt className={styles.term}>{term}</dt>
      <dd className={styles.detail}>{children}</dd>
    </div>
  );
}

function Facts({ asset }: { asset: Asset }) {
  const styles = useStyles();
  return (
    <dl className={styles.facts}>
      <Fact term="Qualified name">{asset.qualified_name}</Fact>
      <Fact term="Collection">{asset.collection}</Fact>
      {asset.status !== "active" && <Fact term="Status">{asset.status}</Fact>}
      <Fact term="Updated">{formatTime(asset.updated_at)}</Fact>
      {Object.entries(asset.attributes)
        .filter(([, value]) => !isBlank(value))
        .map(([name, value]) => (
          <Fact key={name} term={attributeLabel(name)}>
            {attributeText(value)}
          </Fact>
        ))}
    </dl>
  );
}

function isBlank(value: unknown): boolean {
  if (value === null || value === undefined || value === "") return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}

/** `auc_holdout` → "Auc holdout". */
function attributeLabel(name: string): string {
  const words = name.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function attributeText(value: unknown): string {
  if (typeof value === "boolean") return value ? "Yes" : "No";
  if (Array.isArray(value) && value.every((item) => typeof item !== "object")) return value.join(", ");
  if (typeof value !== "object" || value === null) return String(value);
  if (Array.isArray(value)) return JSON.stringify(value, null, 2);
  return Object.entries(value)
    .map(([name, item]) => `${name}: ${typeof item === "object" ? JSON.stringify(item) : String(item)}`)
    .join("\n");
}

function Columns({
  asset,
  isRoot,
  onFocusColumn,
}: Pick<AssetPanelProps, "isRoot" | "onFocusColumn"> & { asset: Asset }) {
  const styles = useStyles();
  return (
    <ul className={styles.columns}>
      {asset.columns.map(({ name, type }) => (
        <li key={name} className={styles.column}>
          {isRoot ? (
            <Link as="button" onClick={() => onFocusColumn(name)}>
              {name}
            </Link>
          ) : (
            <RouterLink to={lineageAddress(asset.guid, name)}>{name}</RouterLink>
          )}
          <span className={styles.muted}>{type}</span>
        </li>
      ))}
    </ul>
  );
}

/** A link to the rows, if the asset is a table that is published here. */
function TableLink({ guid }: { guid: string }) {
  const { data } = useQuery(tablesQuery);
  const table = data?.find((candidate) => candidate.guid === guid);
  if (table === undefined) return null;
  return <RouterLink to={tableAddress(table.dataflow, table.entity)}>Open the table</RouterLink>;
}

function Details({ asset, isRoot, onFocusColumn }: Omit<AssetPanelProps, "guid" | "onClose"> & { asset: Asset }) {
  const styles = useStyles();
  return (
    <>
      <div className={styles.links}>
        {!isRoot && <RouterLink to={lineageAddress(asset.guid)}>Switch to asset</RouterLink>}
        <TableLink guid={asset.guid} />
      </div>
      <Facts asset={asset} />
      {asset.columns.length > 0 && (
        <>
          <h3 className={styles.part}>Columns</h3>
          <Text size={200} className={styles.muted}>
            Choose one to see where it comes from and what it feeds.
          </Text>
          <Columns asset={asset} isRoot={isRoot} onFocusColumn={onFocusColumn} />
        </>
      )}
    </>
  );
}

/** The panel beside the graph. */
export function AssetPanel({ guid, isRoot, onFocusColumn, onClose }: AssetPanelProps) {
  const styles = useStyles();
  const { data: asset, error, refetch } = useQuery(assetQuery(guid));
  return (
    <aside className={styles.panel} aria-label="Selected asset">
      <div className={styles.heading}>
        <div>
          <h2 className={styles.title}>{asset?.display_name ?? "Asset"}</h2>
          {asset !== undefined && <Text className={styles.muted}>{assetType(asset.type_name).label}</Text>}
        </div>
        <Tooltip content="Close" relationship="label">
          <Button appearance="subtle" icon={<Dismiss20Regular />} onClick={onClose} />
        </Tooltip>
      </div>
      {asset !== undefined && <Details asset={asset} isRoot={isRoot} onFocusColumn={onFocusColumn} />}
      {asset === undefined && error === null && <LoadingState label="Loading the asset" />}
      {error !== null && <ErrorState reason={error} retry={() => void refetch()} />}
    </aside>
  );
}
