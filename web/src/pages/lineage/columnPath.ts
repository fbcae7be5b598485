/** Which nodes, edges and columns of a lineage graph one column of its root comes from and feeds. */
import type { LineageEdge, LineageNode } from "../../api/types.ts";
import { edgeKey, type LineageGraph } from "./graph.ts";

export interface ColumnPath {
  /** The nodes on the path, each with its columns that are on it: none where only the asset as a whole is known. */
  nodes: ReadonlyMap<string, readonly string[]>;
  /** Keys of the edges on the path, as `edgeKey` makes them. */
  edges: ReadonlySet<string>;
}

/** A place on the path: a column of a node, or with `null` the node as a whole. */
interface Stop {
  guid: string;
  column: string | null;
}

/**
 * The path of `column` through `graph`.
 *
 * An edge's mappings name a column of the dataset before a process and the column that the process writes; on the way
 * through a process it is the written column that is followed. Where nothing is known of a column (a file read whole, a
 * model and the job that trained it), the path goes on by whole assets: upstream by all that was read, downstream by
 * what reads without saying which columns.
 */
export function columnPath(graph: LineageGraph, column: string): ColumnPath {
  const nodes = new Map<string, Set<string>>();
  const edges = new Set<string>();
  for (const upstream of [true, false]) follow(graph, { guid: graph.root, column }, upstream, nodes, edges);
  return { nodes: new Map([...nodes].map(([guid, columns]) => [guid, inOrder(graph, guid, columns)])), edges };
}

/** Columns in the order that the asset has them; those that it does not list come last. */
function inOrder(graph: LineageGraph, guid: string, columns: ReadonlySet<string>): readonly string[] {
  const listed = graph.nodes.get(guid)?.columns.filter((column) => columns.has(column)) ?? [];
  return [...new Set([...listed, ...columns])];
}

function follow(
  graph: LineageGraph,
  start: Stop,
  upstream: boolean,
  nodes: Map<string, Set<string>>,
  edges: Set<string>,
): void {
  const byNode = Map.groupBy(graph.edges, (edge) => (upstream ? edge.target : edge.source));
  const seen = new Set<string>();
  const waiting = [start];
  for (let stop = waiting.pop(); stop !== undefined; stop = waiting.pop()) {
    const key = JSON.stringify([stop.guid, stop.column]);
    if (seen.has(key)) continue;
    seen.add(key);
    note(graph, stop, nodes);
    const around = byNode.get(stop.guid) ?? [];
    const steps = around.map((edge) => ({ edge, ...ends(graph, edge, upstream) }));
    const named = steps.some((step) => mappingsOf(step, stop.column, upstream).length > 0);
    for (const step of steps) {
      const stops = nextStops(step, stop.column, upstream, named);
      if (stops.length > 0) edges.add(edgeKey(step.edge));
      waiting.push(...stops);
    }
  }
}

function note(graph: LineageGraph, { guid, column }: Stop, nodes: Map<string, Set<string>>): void {
  const columns = nodes.get(guid) ?? new Set<string>();
  nodes.set(guid, columns);
  if (column !== null && graph.nodes.get(guid)?.is_process === false) columns.add(column);
}

/** An edge as it is walked along. */
interface Step {
  edge: LineageEdge;
  near: LineageNode | undefined;
  far: LineageNode | undefined;
}

function ends(graph: LineageGraph, { source, target }: LineageEdge, upstream: boolean): Pick<Step, "near" | "far"> {
  const [near, far] = upstream ? [target, source] : [source, target];
  return { near: graph.nodes.get(near), far: graph.nodes.get(far) };
}

/** The mappings of the step's edge that name `column` at its near end; one that names none there stands for all. */
function mappingsOf({ edge, near }: Step, column: string | null, upstream: boolean): LineageEdge["columns"] {
  // Beside a process the written column is the one that both of its edges name.
  const end = upstream || near?.is_process === true ? "target" : "source";
  return edge.columns.filter((mapping) => mapping[end] === column || mapping[end] === null);
}

/** Where the step leads from `column` of its near end; nowhere if the column does not pass along its edge. */
function nextStops(step: Step, column: string | null, upstream: boolean, named: boolean): Stop[] {
  const { edge, near, far } = step;
  if (near === undefined || far === undefined) return [];
  const whole = [{ guid: far.guid, column: null }];
  if (column === null) return whole;
  if (!near.is_process && !far.is_process && edge.columns.length === 0) {
    // A file in a folder: the same columns, as far as they were looked at.
    return far.columns.includes(column) ? [{ guid: far.guid, column }] : whole;
  }
  const mappings = mappingsOf(step, column, upstream);
  const end = upstream && !far.is_process ? "source" : "target";
  if (mappings.length > 0) return mappings.map((mapping) => ({ guid: far.guid, column: mapping[end] }));
  const unknown = upstream ? !named : edge.columns.length === 0;
  return unknown ? whole : [];
}
