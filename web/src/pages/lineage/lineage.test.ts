import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Lineage, LineageEdge, LineageNode } from "../../api/types.ts";
import { columnPath } from "./columnPath.ts";
import { hiddenOn, mergeLineage } from "./graph.ts";
import { branchPaths, lineageTree } from "./tree.ts";
import { type LineageViewState, readViewState, withExpansion, writeViewState } from "./viewState.ts";

function node(guid: string, depth: number, options: Partial<LineageNode> = {}): LineageNode {
  return {
    guid,
    type_name: "dataset",
    qualified_name: `file:///${guid}`,
    display_name: guid,
    is_process: false,
    depth,
    columns: [],
    hidden_inputs: 0,
    hidden_outputs: 0,
    ...options,
  };
}

function edge(source: string, target: string, ...columns: [string | null, string | null][]): LineageEdge {
  return { source, target, columns: columns.map(([from, to]) => ({ source: from, target: to })) };
}

const process = { is_process: true };

/** A scored table, as a refresh records it: rows of two files and a model's outputs; the model was trained on a set. */
const scored: Lineage = {
  root: "table",
  nodes: [
    node("table", 0, { columns: ["carrier", "probability", "loaded"] }),
    node("query", -1, process),
    node("flights", -2, { columns: ["carrier", "distance"] }),
    node("weather", -2, { columns: ["wind"] }),
    node("model", -2, { columns: ["score"] }),
    node("job", -3, process),
    node("training", -4, { columns: ["carrier"] }),
    node("file", -5, { columns: ["carrier", "other"] }),
    node("summary query", 1, process),
    node("summary", 2, { columns: ["carrier", "mean"] }),
  ],
  edges: [
    edge("query", "table", ["carrier", "carrier"], ["distance", "probability"], ["score", "probability"]),
    edge("flights", "query", ["carrier", "carrier"], ["distance", "probability"]),
    edge("weather", "query", ["wind", "wind"]),
    edge("model", "query", ["score", "probability"]),
    edge("job", "model"),
    edge("training", "job"),
    edge("file", "training"),
    edge("table", "summary query", ["carrier", "carrier"], ["probability", "mean"]),
    edge("summary query", "summary", ["carrier", "carrier"], ["probability", "mean"]),
  ],
};

function pathOf(lineage: Lineage, column: string): Record<string, readonly string[]> {
  return Object.fromEntries(columnPath(mergeLineage(lineage, []), column).nodes);
}

describe("the path of a column", () => {
  it("goes through the query to the columns that it was computed from, and on through the model by whole assets", () => {
    assert.deepEqual(pathOf(scored, "probability"), {
      table: ["probability"],
      query: [],
      flights: ["distance"],
      model: ["score"],
      job: [],
      training: [],
      file: [],
      "summary query": [],
      summary: ["mean"],
    });
  });

  it("leaves out what the column has nothing to do with", () => {
    assert.deepEqual(Object.keys(pathOf(scored, "carrier")).sort(), [
      "flights",
      "query",
      "summary",
      "summary query",
      "table",
    ]);
  });

  it("goes by all that was read where nothing was recorded of the column", () => {
    const path = pathOf(scored, "loaded");
    assert.deepEqual([path.flights, path.weather, path.model], [[], [], []]);
    assert.equal(path.summary, undefined);
  });

  it("keeps the column from a folder to the files in it that have it", () => {
    const training = { ...scored, root: "training" };
    assert.deepEqual(pathOf(training, "carrier").file, ["carrier"]);
  });

  it("ends in a circle", () => {
    const circle = { root: "a", nodes: [node("a", 0), node("b", 1)], edges: [edge("a", "b"), edge("b", "a")] };
    assert.deepEqual(Object.keys(pathOf(circle, "x")), ["a", "b"]);
  });

  it("names the edges that it takes", () => {
    const { edges } = columnPath(mergeLineage(scored, []), "carrier");
    assert.deepEqual([...edges].sort(), [
      "flights→query",
      "query→table",
      "summary query→summary",
      "table→summary query",
    ]);
  });
});

describe("expanding", () => {
  const base: Lineage = {
    root: "a",
    nodes: [node("a", 0, { hidden_outputs: 3 }), node("p1", 1, { ...process, hidden_outputs: 1 })],
    edges: [edge("a", "p1")],
  };
  const more: Lineage = {
    root: "a",
    nodes: [node("a", 0, { hidden_outputs: 1 }), node("p1", 1), node("p2", 1), node("p3", 1, { hidden_outputs: 4 })],
    edges: [edge("a", "p1"), edge("a", "p2"), edge("a", "p3")],
  };

  it("adds what was hidden and counts what still is", () => {
    const graph = mergeLineage(base, [{ side: "output", lineage: more }]);
    assert.deepEqual([...graph.nodes.keys()], ["a", "p1", "p2", "p3"]);
    assert.equal(graph.edges.length, 3);
    assert.equal(graph.nodes.get("a")?.hidden_outputs, 1);
    assert.equal(graph.nodes.get("p1")?.hidden_outputs, 1);
    assert.equal(graph.nodes.get("p3")?.hidden_outputs, 4);
  });

  it("places what it adds by its distance from the root", () => {
    const further: Lineage = {
      root: "p1",
      nodes: [node("p1", 0), node("b", 1, { hidden_inputs: 2, hidden_outputs: 5 })],
      edges: [edge("p1", "b")],
    };
    const added = mergeLineage(base, [{ side: "output", lineage: further }]).nodes.get("b");
    assert.equal(added?.depth, 2);
    assert.ok(added !== undefined && hiddenOn("output", added) === 5);
    assert.equal(added !== undefined && hiddenOn("input", added), 0);
  });
});

describe("the list", () => {
  const diamond = mergeLineage(
    {
      root: "d",
      nodes: [node("d", 0), node("b", -1), node("c", -1), node("a", -2)],
      edges: [edge("b", "d"), edge("c", "d"), edge("a", "b"), edge("a", "c"), edge("d", "b")],
    },
    [],
  );

  it("opens an asset that stands in two places once, and goes round no circle", () => {
    const [b, c] = lineageTree(diamond, "input");
    assert.deepEqual(
      b?.children.map((entry) => [entry.node.guid, entry.repeated]),
      [
        ["a", false],
        ["d", true],
      ],
    );
    assert.deepEqual(
      c?.children.map((entry) => [entry.path, entry.repeated]),
      [["input/c/a", true]],
    );
  });

  it("knows what can be opened", () => {
    assert.deepEqual(branchPaths(lineageTree(diamond, "input")), ["input/b", "input/c"]);
  });
});

describe("the address", () => {
  const state: LineageViewState = {
    direction: "input",
    depth: 3,
    column: "a&b=c #1",
    selected: "guid-1",
    view: "list",
    expansions: [{ side: "output", guid: "file:///x:y", width: 50, depth: 2 }],
  };

  it("says the whole view, and brings it back", () => {
    assert.deepEqual(readViewState(new URLSearchParams(writeViewState(state).toString())), state);
  });

  it("is empty for the view that every asset starts with", () => {
    const start = readViewState(new URLSearchParams());
    assert.equal(writeViewState(start).toString(), "");
    assert.deepEqual([start.direction, start.depth, start.view], ["both", undefined, "graph"]);
  });

  it("is taken as far as it makes sense", () => {
    const search = new URLSearchParams("depth=99&direction=up&view=x&expand=input:5&expand=sideways:5:1:g");
    assert.deepEqual(readViewState(search), readViewState(new URLSearchParams()));
  });

  it("holds one expansion for a side of an asset", () => {
    const wider = withExpansion(state.expansions, { side: "output", guid: "file:///x:y", width: 75, depth: 2 });
    assert.deepEqual(
      wider.map(({ width }) => width),
      [75],
    );
    const both = withExpansion(wider, { side: "input", guid: "file:///x:y", width: 25, depth: 2 });
    assert.equal(both.length, 2);
  });
});
