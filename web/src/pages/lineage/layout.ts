/** Where the nodes of a lineage graph stand: what feeds stands left of what is fed. */
import { Graph, layout } from "@dagrejs/dagre";

export interface Box {
  id: string;
  width: number;
  height: number;
}

export interface Link {
  source: string;
  target: string;
}

/** A node's top left corner. */
export interface Position {
  x: number;
  y: number;
}

const LEVEL_GAP = 64;
const NODE_GAP = 20;

/** Positions of all `boxes`, by id. */
export function layoutGraph(boxes: readonly Box[], links: readonly Link[]): Map<string, Position> {
  const graph = new Graph();
  graph.setGraph({ rankdir: "LR", ranksep: LEVEL_GAP, nodesep: NODE_GAP });
  graph.setDefaultEdgeLabel(() => ({}));
  // Dagre stacks upwards what it is given in turn.
  for (const { id, width, height } of boxes.toReversed()) graph.setNode(id, { width, height });
  for (const { source, target } of links.toReversed()) graph.setEdge(source, target);
  layout(graph);
  return new Map(
    boxes.map(({ id, width, height }) => {
      const center = graph.node(id);
      return [id, { x: center.x - width / 2, y: center.y - height / 2 }];
    }),
  );
}
