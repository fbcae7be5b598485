/** The lineage as two lists that open level by level: all that the graph shows, for reading and for the keyboard. */
import {
  Badge,
  Button,
  makeStyles,
  mergeClasses,
  Text,
  Tree,
  TreeItem,
  TreeItemLayout,
  type TreeOpenChangeData,
  tokens,
} from "@fluentui/react-components";
import { useMemo, useState } from "react";
import type { LineageNode } from "../../api/types.ts";
import { assetType } from "../../components/assetTypes.tsx";
import { formatCount } from "../../lib/format.ts";
import { hiddenOn, type Side } from "./graph.ts";
import type { LineageViewProps } from "./LineageCanvas.tsx";
import { branchPaths, lineageTree, type TreeEntry } from "./tree.ts";

const useStyles = makeStyles({
  lists: { height: "100%", overflow: "auto", boxSizing: "border-box", padding: "20px 24px" },
  side: { marginBottom: "28px", maxWidth: "1100px" },
  title: { margin: "0 0 8px", fontSize: tokens.fontSizeBase400 },
  entry: { display: "inline-flex", alignItems: "baseline", gap: "4px 8px", flexWrap: "wrap", paddingBlock: "4px" },
  muted: { color: tokens.colorNeutralForeground3 },
  faded: { opacity: 0.55 },
  selected: { backgroundColor: tokens.colorNeutralBackground1Selected },
});

const SIDES: readonly { side: Side; title: string; nothing: string }[] = [
  { side: "input", title: "Comes from", nothing: "Nothing that the catalog knows of." },
  { side: "output", title: "Feeds", nothing: "Nothing that the catalog knows of." },
];

interface EntryProps {
  entry: TreeEntry;
  side: Side;
  view: LineageViewProps;
}

function Entry({ entry, side, view }: EntryProps) {
  const styles = useStyles();
  const { node, children, repeated, path } = entry;
  const { label, Icon } = assetType(node.type_name, node.is_process);
  const columns = view.path?.nodes.get(node.guid) ?? [];
  const selected = node.guid === view.selected;
  const faded = view.path !== undefined && !view.path.nodes.has(node.guid);
  return (
    <TreeItem
      itemType={children.length > 0 ? "branch" : "leaf"}
      value={path}
      onClick={(event) => select(event, view, node)}
    >
      <TreeItemLayout
        iconBefore={<Icon />}
        aside={<MoreButton node={node} side={side} onExpand={view.onExpand} />}
        className={mergeClasses(faded && styles.faded, selected && styles.selected)}
      >
        <span className={styles.entry}>
          <Text weight="semibold">{node.display_name}</Text>
          <Text size={200} className={styles.muted}>
            {label}
            {repeated && ", already shown above"}
          </Text>
          {columns.map((column) => (
            <Badge key={column} appearance="tint">
              {column}
            </Badge>
          ))}
        </span>
      </TreeItemLayout>
      {children.length > 0 && (
        <Tree>
          {children.map((child) => (
            <Entry key={child.path} entry={child} side={side} view={view} />
          ))}
        </Tree>
      )}
    </TreeItem>
  );
}

function select(event: { stopPropagation: () => void }, view: LineageViewProps, node: LineageNode): void {
  // An item stands inside the items above it, which would be selected next.
  event.stopPropagation();
  view.onSelect(node.guid);
}

interface MoreButtonProps {
  node: LineageNode;
  side: Side;
  onExpand: LineageViewProps["onExpand"];
}

function MoreButton({ node, side, onExpand }: MoreButtonProps) {
  const count = hiddenOn(side, node);
  if (count === 0) return null;
  return (
    <Button
      size="small"
      aria-label={`Show more of ${node.display_name}: ${formatCount(count)} hidden`}
      onClick={(event) => {
        event.stopPropagation();
        onExpand(node, side);
      }}
    >
      {formatCount(count)} more
    </Button>
  );
}

interface SideListProps {
  side: Side;
  title: string;
  nothing: string;
  view: LineageViewProps;
}

function SideList({ side, title, nothing, view }: SideListProps) {
  const styles = useStyles();
  const entries = useMemo(() => lineageTree(view.graph, side), [view.graph, side]);
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const openItems = useMemo(() => branchPaths(entries).filter((path) => !closed.has(path)), [entries, closed]);
  const onOpenChange = (_: unknown, { type, open, value }: TreeOpenChangeData) => {
    // A click or Enter selects; the arrow, by mouse or key, opens and closes.
    if (type === "Click" || type === "Enter") return;
    const next = new Set(closed);
    if (open) next.delete(String(value));
    else next.add(String(value));
    setClosed(next);
  };
  const root = view.graph.nodes.get(view.graph.root);
  return (
    <section className={styles.side}>
      <h2 className={styles.title}>{title}</h2>
      {root !== undefined && <MoreButton node={root} side={side} onExpand={view.onExpand} />}
      {entries.length === 0 ? (
        <Text className={styles.muted}>{nothing}</Text>
      ) : (
        <Tree aria-label={title} openItems={openItems} onOpenChange={onOpenChange}>
          {entries.map((entry) => (
            <Entry key={entry.path} entry={entry} side={side} view={view} />
          ))}
        </Tree>
      )}
    </section>
  );
}

/** The lists; the same props as the graph's. */
export function LineageTree(props: LineageViewProps) {
  const styles = useStyles();
  return (
    <div className={styles.lists}>
      {SIDES.map(({ side, title, nothing }) => (
        <SideList key={side} side={side} title={title} nothing={nothing} view={props} />
      ))}
    </div>
  );
}
