/** The same graph as a tree, for the list: one side of the root, each asset's own inputs (or outputs) beneath it. */
import type { LineageNode } from "../../api/types.ts";
import { type LineageGraph, neighbours, type Side } from "./graph.ts";

export interface TreeEntry {
  /** Unique in its tree: the way from the root, since one asset may stand in several places. */
  path: string;
  node: LineageNode;
  children: readonly TreeEntry[];
  /** The asset stands further up with all that is beneath it, and is not opened again here. */
  repeated: boolean;
}

/** What the root comes from, or feeds, level by level. */
export function lineageTree(graph: LineageGraph, side: Side): readonly TreeEntry[] {
  const opened = new Set<string>([graph.root]);
  const entriesBelow = (guid: string, path: string): TreeEntry[] =>
    neighbours(graph, guid, side).flatMap((neighbour) => {
      const node = graph.nodes.get(neighbour);
      if (node === undefined) return [];
      const here = `${path}/${neighbour}`;
      const repeated = opened.has(neighbour);
      opened.add(neighbour);
      return [{ path: here, node, children: repeated ? [] : entriesBelow(neighbour, here), repeated }];
    });
  return entriesBelow(graph.root, side);
}

/** The paths of all entries that have something beneath them. */
export function branchPaths(entries: readonly TreeEntry[]): string[] {
  return entries.flatMap((entry) => (entry.children.length === 0 ? [] : [entry.path, ...branchPaths(entry.children)]));
}
