/** The lineage as a graph, laid out from left to right. */
import { makeStyles, tokens } from "@fluentui/react-components";
import {
  Background,
  Controls,
  type Edge,
  MarkerType,
  MiniMap,
  type NodeChange,
  ReactFlow,
  ReactFlowProvider,
  useReactFlow,
  useStoreApi,
} from "@xyflow/react";
import "@xyflow/react/dist/style.css";
import { useCallback, useEffect, useMemo, useRef } from "react";
import type { LineageNode } from "../../api/types.ts";
import { useColorScheme } from "../../app/theme.tsx";
import { assetType } from "../../components/assetTypes.tsx";
import { LoadingState } from "../../components/states.tsx";
import { type AssetFlowNode, AssetNode, NODE_WIDTH, nodeHeight } from "./AssetNode.tsx";
import type { ColumnPath } from "./columnPath.ts";
import { edgeKey, type LineageGraph, type Side } from "./graph.ts";
import type { Position } from "./layout.ts";
import { useLayout } from "./useLayout.ts";

const MINIMAP_FROM_NODES = 15;
const nodeTypes = { asset: AssetNode };

const useStyles = makeStyles({
  canvas: {
    height: "100%",
    "--xy-background-color": tokens.colorNeutralBackground2,
    "--xy-background-pattern-dots-color": tokens.colorNeutralStroke2,
    "--xy-controls-button-background-color": tokens.colorNeutralBackground1,
    "--xy-controls-button-background-color-hover": tokens.colorNeutralBackground1Hover,
    "--xy-controls-button-color": tokens.colorNeutralForeground2,
    "--xy-controls-button-color-hover": tokens.colorNeutralForeground1,
    "--xy-controls-button-border-color": tokens.colorNeutralStroke2,
    "--xy-minimap-background-color": tokens.colorNeutralBackground1,
    "--xy-minimap-node-background-color": tokens.colorNeutralStroke1,
    "& .react-flow__node:focus-visible": { outline: `2px solid ${tokens.colorStrokeFocus2}`, outlineOffset: "3px" },
    "& .react-flow__node": { cursor: "pointer" },
    "& .react-flow__attribution": { backgroundColor: "transparent" },
  },
});

export interface LineageViewProps {
  graph: LineageGraph;
  /** The path of the focused column, if one has the focus. */
  path: ColumnPath | undefined;
  selected: string | undefined;
  onSelect: (guid: string | undefined) => void;
  onExpand: (node: LineageNode, side: Side) => void;
}

function Canvas({ graph, path, selected, onSelect, onExpand }: LineageViewProps) {
  const styles = useStyles();
  const { scheme } = useColorScheme();
  const anchor = useRef(graph.root);
  const expandFrom = useCallback(
    (node: LineageNode, side: Side) => {
      anchor.current = node.guid;
      onExpand(node, side);
    },
    [onExpand],
  );
  const boxes = useMemo(
    () =>
      [...graph.nodes.keys()].map((id) => ({
        id,
        width: NODE_WIDTH,
        height: nodeHeight(columnsOnPath(path, id)),
      })),
    [graph, path],
  );
  const positions = useLayout(boxes, graph.edges);
  useSteadyViewport(graph, positions, anchor);
  const nodes = useMemo(
    () => (positions === undefined ? [] : flowNodes(graph, path, positions, expandFrom)),
    [graph, path, positions, expandFrom],
  );
  const shown = useMemo(() => nodes.map((node) => ({ ...node, selected: node.id === selected })), [nodes, selected]);
  const edges = useMemo(() => flowEdges(graph, path), [graph, path]);
  const onNodesChange = (changes: NodeChange<AssetFlowNode>[]) => {
    const selections = changes.filter((change) => change.type === "select");
    const chosen = selections.find((change) => change.selected);
    if (chosen !== undefined) onSelect(chosen.id);
    else if (selections.some((change) => change.id === selected)) onSelect(undefined);
  };
  if (positions === undefined) return <LoadingState label="Drawing the lineage" />;
  return (
    <ReactFlow
      className={styles.canvas}
      aria-label="Lineage graph"
      colorMode={scheme}
      nodes={shown}
      edges={edges}
      nodeTypes={nodeTypes}
      onNodesChange={onNodesChange}
      onPaneClick={() => onSelect(undefined)}
      nodesDraggable={false}
      nodesConnectable={false}
      edgesFocusable={false}
      elevateNodesOnSelect={false}
      deleteKeyCode={null}
      minZoom={0.1}
      maxZoom={1.5}
      onlyRenderVisibleElements={nodes.length > 100}
    >
      <Background gap={20} />
      <Controls showInteractive={false} />
      {nodes.length >= MINIMAP_FROM_NODES && (
        <MiniMap<AssetFlowNode> pannable zoomable ariaLabel="Overview of the graph" nodeColor={minimapColor} />
      )}
    </ReactFlow>
  );
}

/** Names stay readable at this scale. */
const EASY_ZOOM = 0.75;
const FIT = { minZoom: EASY_ZOOM, maxZoom: 1, padding: 0.08 };
/** A graph that is too large to be read as a whole is entered along its trunk, so many steps from the root. */
const NEAR_STEPS = 2;

/** Keeps the node that was expanded where it is on the screen, and brings any other new graph into sight. */
function useSteadyViewport(
  graph: LineageGraph,
  positions: ReadonlyMap<string, Position> | undefined,
  anchor: React.RefObject<string>,
): void {
  const { getViewport, setViewport, fitView } = useReactFlow();
  const store = useStoreApi();
  const previous = useRef<ReadonlyMap<string, Position>>(undefined);
  useEffect(() => {
    const { root, nodes } = graph;
    if (positions === undefined || positions === previous.current) return;
    const before = previous.current?.get(anchor.current);
    const after = positions?.get(anchor.current);
    previous.current = positions;
    if (before !== undefined && after !== undefined && anchor.current !== root) {
      const { x, y, zoom } = getViewport();
      void setViewport({ x: x + (before.x - after.x) * zoom, y: y + (before.y - after.y) * zoom, zoom });
    } else {
      const { width, height } = store.getState();
      const shown = fits(positions, width / EASY_ZOOM, height / EASY_ZOOM) ? [...nodes.values()] : trunk(graph);
      void fitView({ ...FIT, nodes: shown.map((node) => ({ id: node.guid })) });
    }
    anchor.current = root;
  }, [positions, graph, anchor, getViewport, setViewport, fitView, store]);
}

/** The nodes near the root that lead on to others: a fan of files is recognised by its edges. */
function trunk({ root, nodes, edges }: LineageGraph): LineageNode[] {
  const sources = new Set(edges.map((edge) => edge.source));
  const targets = new Set(edges.map((edge) => edge.target));
  return [...nodes.values()].filter(
    ({ guid, depth }) => guid === root || (Math.abs(depth) <= NEAR_STEPS && sources.has(guid) && targets.has(guid)),
  );
}

function fits(positions: ReadonlyMap<string, Position>, width: number, height: number): boolean {
  const spread = (values: number[]) => Math.max(...values) - Math.min(...values);
  const corners = [...positions.values()];
  return spread(corners.map(({ x }) => x)) + NODE_WIDTH <= width && spread(corners.map(({ y }) => y)) <= height;
}

function minimapColor({ data }: AssetFlowNode): string {
  return data.isRoot || data.columns !== undefined ? tokens.colorBrandStroke1 : tokens.colorNeutralStroke1;
}

function columnsOnPath(path: ColumnPath | undefined, guid: string): readonly string[] | undefined {
  return path?.nodes.get(guid);
}

function flowNodes(
  graph: LineageGraph,
  path: ColumnPath | undefined,
  positions: ReadonlyMap<string, Position>,
  onExpand: (node: LineageNode, side: Side) => void,
): AssetFlowNode[] {
  // In reading order, so that Tab goes through the graph as the eye does.
  const placed = [...graph.nodes.values()].flatMap((node) => {
    const position = positions.get(node.guid);
    return position === undefined ? [] : [{ node, position }];
  });
  placed.sort((left, right) => left.position.x - right.position.x || left.position.y - right.position.y);
  return placed.map(({ node, position }) => {
    const columns = columnsOnPath(path, node.guid);
    const { label } = assetType(node.type_name, node.is_process);
    return {
      id: node.guid,
      type: "asset",
      position,
      width: NODE_WIDTH,
      height: nodeHeight(columns),
      ariaLabel: `${label} ${node.display_name}`,
      data: {
        node,
        isRoot: node.guid === graph.root,
        columns,
        faded: path !== undefined && columns === undefined,
        onExpand,
      },
    };
  });
}

function flowEdges(graph: LineageGraph, path: ColumnPath | undefined): Edge[] {
  return graph.edges.map((edge) => {
    const id = edgeKey(edge);
    const onPath = path?.edges.has(id) === true;
    const color = onPath ? tokens.colorBrandStroke1 : tokens.colorNeutralStrokeAccessible;
    return {
      id,
      source: edge.source,
      target: edge.target,
      zIndex: onPath ? 1 : 0,
      style: { stroke: color, strokeWidth: onPath ? 2 : 1, opacity: path === undefined || onPath ? 1 : 0.25 },
      markerEnd: { type: MarkerType.ArrowClosed, color, width: 14, height: 14 },
    };
  });
}

/** The graph; see {@link LineageViewProps}. */
export function LineageCanvas(props: LineageViewProps) {
  return (
    <ReactFlowProvider>
      <Canvas {...props} />
    </ReactFlowProvider>
  );
}
