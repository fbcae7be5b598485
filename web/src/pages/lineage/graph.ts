/** Lineage as one graph: what the server answered at first, and what a person had shown beyond it. */
import type { Lineage, LineageEdge, LineageNode } from "../../api/types.ts";

/** One side of an asset: what it comes from, or what it feeds. */
export type Side = "input" | "output";

export interface LineageGraph {
  root: string;
  nodes: ReadonlyMap<string, LineageNode>;
  edges: readonly LineageEdge[];
}

/** What the server answered when asked for more of one side of the asset `lineage.root`. */
export interface Expansion {
  side: Side;
  lineage: Lineage;
}

/** A name for an edge that is the same in every answer. */
export function edgeKey(edge: { source: string; target: string }): string {
  return `${edge.source}→${edge.target}`;
}

/**
 * The graph of `base` with the `expansions` in it.
 *
 * Each answer counts what it leaves out; in the union fewer are left out, so the counts are made anew: a node has as
 * many inputs as the answer that knew most of them says, less those that are in the graph.
 */
export function mergeLineage(base: Lineage, expansions: readonly Expansion[]): LineageGraph {
  const nodes = new Map(base.nodes.map((node) => [node.guid, node]));
  const edges = new Map(base.edges.map((edge) => [edgeKey(edge), edge]));
  for (const { lineage } of expansions) {
    const start = nodes.get(lineage.root)?.depth ?? 0;
    for (const node of lineage.nodes) {
      if (!nodes.has(node.guid)) nodes.set(node.guid, { ...node, depth: start + node.depth });
    }
    for (const edge of lineage.edges) edges.set(edgeKey(edge), edge);
  }
  const answers = [base, ...expansions.map((expansion) => expansion.lineage)];
  recount(nodes, [...edges.values()], answers);
  return { root: base.root, nodes, edges: [...edges.values()] };
}

function recount(nodes: Map<string, LineageNode>, edges: readonly LineageEdge[], answers: readonly Lineage[]): void {
  const inputs = totals(answers, "target", "hidden_inputs");
  const outputs = totals(answers, "source", "hidden_outputs");
  const shownInputs = degrees(edges, "target");
  const shownOutputs = degrees(edges, "source");
  const left = (all: Map<string, number>, shown: Map<string, number>, guid: string) =>
    Math.max(0, (all.get(guid) ?? 0) - (shown.get(guid) ?? 0));
  for (const [guid, node] of nodes) {
    nodes.set(guid, {
      ...node,
      hidden_inputs: left(inputs, shownInputs, guid),
      hidden_outputs: left(outputs, shownOutputs, guid),
    });
  }
}

function degrees(edges: readonly LineageEdge[], end: "source" | "target"): Map<string, number> {
  const counts = new Map<string, number>();
  for (const edge of edges) counts.set(edge[end], (counts.get(edge[end]) ?? 0) + 1);
  return counts;
}

function totals(
  answers: readonly Lineage[],
  end: "source" | "target",
  hidden: "hidden_inputs" | "hidden_outputs",
): Map<string, number> {
  const most = new Map<string, number>();
  for (const { nodes, edges } of answers) {
    const shown = degrees(edges, end);
    for (const node of nodes) {
      const total = (shown.get(node.guid) ?? 0) + node[hidden];
      most.set(node.guid, Math.max(most.get(node.guid) ?? 0, total));
    }
  }
  return most;
}

/** How many neighbours of a node its graph leaves out, on the side that leads away from the root. */
export function hiddenOn(side: Side, node: LineageNode): number {
  if (side === "input") return node.depth <= 0 ? node.hidden_inputs : 0;
  return node.depth >= 0 ? node.hidden_outputs : 0;
}

/** The guids of a node's neighbours in the graph, in the graph's order. */
export function neighbours(graph: LineageGraph, guid: string, side: Side): string[] {
  return side === "input"
    ? graph.edges.filter((edge) => edge.target === guid).map((edge) => edge.source)
    : graph.edges.filter((edge) => edge.source === guid).map((edge) => edge.target);
}
