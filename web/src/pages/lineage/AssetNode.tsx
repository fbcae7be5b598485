import { makeStyles, mergeClasses, tokens } from "@fluentui/react-components";
import { Handle, type Node, type NodeProps, Position } from "@xyflow/react";
import { memo } from "react";
import type { LineageNode } from "../../api/types.ts";
import { assetType } from "../../components/assetTypes.tsx";
import { formatCount } from "../../lib/format.ts";
import { hiddenOn, type Side } from "./graph.ts";

export const NODE_WIDTH = 216;
const NODE_HEIGHT = 58;
const COLUMN_HEIGHT = 22;
const SHOWN_COLUMNS = 3;

const useStyles = makeStyles({
  node: {
    width: "100%",
    height: "100%",
    boxSizing: "border-box",
    position: "relative",
    padding: "9px 12px",
    backgroundColor: tokens.colorNeutralBackground1,
    border: `1px solid ${tokens.colorNeutralStroke1}`,
    boxShadow: tokens.shadow4,
    color: tokens.colorNeutralForeground1,
    ":hover": { backgroundColor: tokens.colorNeutralBackground1Hover },
  },
  dataset: { borderRadius: "3px" },
  process: { borderRadius: "29px", paddingLeft: "18px", paddingRight: "18px" },
  root: {
    backgroundColor: tokens.colorBrandBackground2,
    ":hover": { backgroundColor: tokens.colorBrandBackground2Hover },
  },
  selected: { outline: `2px solid ${tokens.colorBrandStroke1}` },
  onPath: { border: `1px solid ${tokens.colorBrandStroke1}` },
  offPath: { opacity: 0.35 },
  heading: { display: "flex", alignItems: "center", gap: "10px", minWidth: 0 },
  icon: { display: "flex", color: tokens.colorBrandForeground1, flexShrink: 0 },
  words: { minWidth: 0, flexGrow: 1, textAlign: "left" },
  line: { overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" },
  type: { color: tokens.colorNeutralForeground3, fontSize: tokens.fontSizeBase200, lineHeight: "16px" },
  name: { fontSize: tokens.fontSizeBase300, lineHeight: "20px", fontWeight: tokens.fontWeightSemibold },
  column: {
    paddingLeft: "30px",
    height: `${COLUMN_HEIGHT}px`,
    lineHeight: `${COLUMN_HEIGHT}px`,
    fontSize: tokens.fontSizeBase200,
    color: tokens.colorBrandForeground1,
    textAlign: "left",
  },
  handle: { opacity: 0, pointerEvents: "none" },
  more: {
    position: "absolute",
    top: "17px",
    minWidth: "24px",
    height: "24px",
    padding: "0 6px",
    borderRadius: tokens.borderRadiusCircular,
    border: `1px solid ${tokens.colorBrandStroke1}`,
    backgroundColor: tokens.colorNeutralBackground1,
    color: tokens.colorBrandForeground1,
    fontFamily: "inherit",
    fontSize: tokens.fontSizeBase200,
    fontWeight: tokens.fontWeightSemibold,
    cursor: "pointer",
    ":hover": { backgroundColor: tokens.colorBrandBackground2 },
    ":focus-visible": { outline: `2px solid ${tokens.colorStrokeFocus2}` },
  },
  moreInputs: { right: "calc(100% - 10px)" },
  moreOutputs: { left: "calc(100% - 10px)" },
});

export interface AssetNodeData extends Record<string, unknown> {
  node: LineageNode;
  isRoot: boolean;
  /** The node's columns on the path of the focused column; undefined: no focus, or not on the path. */
  columns: readonly string[] | undefined;
  /** A column has the focus and its path passes elsewhere. */
  faded: boolean;
  onExpand: (node: LineageNode, side: Side) => void;
}

export type AssetFlowNode = Node<AssetNodeData, "asset">;

/** How high a node is that shows these columns. */
export function nodeHeight(columns: readonly string[] | undefined): number {
  return NODE_HEIGHT + shownLines(columns ?? []).length * COLUMN_HEIGHT;
}

function shownLines(columns: readonly string[]): readonly string[] {
  if (columns.length <= SHOWN_COLUMNS) return columns;
  return [...columns.slice(0, SHOWN_COLUMNS - 1), `and ${columns.length - SHOWN_COLUMNS + 1} more`];
}

interface MoreButtonProps {
  side: Side;
  data: AssetNodeData;
}

function MoreButton({ side, data: { node, onExpand } }: MoreButtonProps) {
  const styles = useStyles();
  const count = hiddenOn(side, node);
  if (count === 0) return null;
  const label =
    side === "input"
      ? `Show more of what ${node.display_name} comes from: ${formatCount(count)} hidden`
      : `Show more of what ${node.display_name} feeds: ${formatCount(count)} hidden`;
  return (
    <button
      type="button"
      className={mergeClasses("nodrag nopan", styles.more, side === "input" ? styles.moreInputs : styles.moreOutputs)}
      aria-label={label}
      title={label}
      onClick={(event) => {
        event.stopPropagation();
        onExpand(node, side);
      }}
      onKeyDown={(event) => event.stopPropagation()}
    >
      +{formatCount(count)}
    </button>
  );
}

/** An asset in the graph: square for data, rounded for what makes data out of data. */
export const AssetNode = memo(function AssetNode({ data, selected }: NodeProps<AssetFlowNode>) {
  const { node, isRoot, columns, faded } = data;
  const styles = useStyles();
  const { label, Icon } = assetType(node.type_name, node.is_process);
  return (
    <>
      <div
        className={mergeClasses(
          styles.node,
          node.is_process ? styles.process : styles.dataset,
          isRoot && styles.root,
          columns !== undefined && styles.onPath,
          faded && styles.offPath,
          selected && styles.selected,
        )}
        title={node.qualified_name}
      >
        <div className={styles.heading}>
          <span className={styles.icon}>
            <Icon />
          </span>
          <div className={styles.words}>
            <div className={mergeClasses(styles.line, styles.type)}>{label}</div>
            <div className={mergeClasses(styles.line, styles.name)}>{node.display_name}</div>
          </div>
        </div>
        {shownLines(columns ?? []).map((column) => (
          <div key={column} className={mergeClasses(styles.line, styles.column)}>
            {column}
          </div>
        ))}
      </div>
      <MoreButton side="input" data={data} />
      <MoreButton side="output" data={data} />
      <Handle type="target" position={Position.Left} isConnectable={false} className={styles.handle} />
      <Handle type="source" position={Position.Right} isConnectable={false} className={styles.handle} />
    </>
  );
});
