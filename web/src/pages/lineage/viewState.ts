/** What the lineage page shows, as its address says it: a bookmark brings back the same view. */
import type { Direction } from "../../api/types.ts";
import type { Side } from "./graph.ts";

/** More of one side of an asset: as many neighbours as `width`, and theirs, as many steps as `depth`. */
export interface ExpansionRequest {
  side: Side;
  guid: string;
  width: number;
  depth: number;
}

export interface LineageViewState {
  direction: Direction;
  /** Undefined: as deep as stays easy to read. */
  depth: number | undefined;
  /** The column of the root whose path is shown. */
  column: string | undefined;
  /** The asset whose details are open. */
  selected: string | undefined;
  view: "graph" | "list";
  expansions: readonly ExpansionRequest[];
}

export const MAX_DEPTH = 20;

/** The state that an address's parameters say; what they say wrongly is left at its default. */
export function readViewState(search: URLSearchParams): LineageViewState {
  const direction = search.get("direction");
  const depth = Number(search.get("depth"));
  return {
    direction: direction === "input" || direction === "output" ? direction : "both",
    depth: Number.isInteger(depth) && depth >= 1 && depth <= MAX_DEPTH ? depth : undefined,
    column: search.get("column") ?? undefined,
    selected: search.get("asset") ?? undefined,
    view: search.get("view") === "list" ? "list" : "graph",
    expansions: search.getAll("expand").flatMap(readExpansion),
  };
}

function readExpansion(text: string): ExpansionRequest[] {
  const [, side, width, depth, guid] = /^(input|output):([1-9]\d{0,2}):([12]):(.+)$/.exec(text) ?? [];
  if (guid === undefined || (side !== "input" && side !== "output")) return [];
  return [{ side, guid, width: Number(width), depth: Number(depth) }];
}

/** The parameters that say `state`; defaults are left out. */
export function writeViewState(state: LineageViewState): URLSearchParams {
  const search = new URLSearchParams();
  if (state.column !== undefined) search.set("column", state.column);
  if (state.depth !== undefined) search.set("depth", String(state.depth));
  if (state.direction !== "both") search.set("direction", state.direction);
  if (state.view !== "graph") search.set("view", state.view);
  if (state.selected !== undefined) search.set("asset", state.selected);
  for (const { side, guid, width, depth } of state.expansions) {
    search.append("expand", `${side}:${width}:${depth}:${guid}`);
  }
  return search;
}

/** `expansions` with `request` in it, in place of an earlier one for the same side of the same asset. */
export function withExpansion(
  expansions: readonly ExpansionRequest[],
  request: ExpansionRequest,
): readonly ExpansionRequest[] {
  const others = expansions.filter(({ side, guid }) => side !== request.side || guid !== request.guid);
  return [...others, request];
}
