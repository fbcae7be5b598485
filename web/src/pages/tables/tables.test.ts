import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { groupByDataflow } from "./grouping.ts";
import { rowFromSearch, withRow } from "./rowInAddress.ts";
import { pagesAround } from "./rowPages.ts";

describe("pages of rows", () => {
  const cases: [string, number, number, number, number[]][] = [
    ["of the first rows", 0, 20, 1_000_000, [0]],
    ["near a page's end, with the next", 150, 170, 1_000_000, [0, 1]],
    ["in the middle, with the one before", 600, 620, 1_000_000, [2, 3]],
    ["of the last rows", 999_980, 1_000_000, 1_000_000, [4999]],
    ["of few rows", 0, 3, 3, [0]],
    ["of no rows", 0, 0, 0, []],
  ];
  for (const [title, first, end, rowCount, pages] of cases) {
    it(title, () => assert.deepEqual(pagesAround({ first, end }, rowCount, 200), pages));
  }
});

describe("the row in the address", () => {
  const cases: [string, number][] = [
    ["", 0],
    ["row=1", 0],
    ["row=1000", 999],
    ["row=0", 0],
    ["row=-5", 0],
    ["row=word", 0],
    ["row=5001", 4999],
  ];
  for (const [search, row] of cases) {
    it(`?${search}`, () => assert.equal(rowFromSearch(new URLSearchParams(search), 5000), row));
  }

  it("is left out for the first row, and leaves the rest of the address alone", () => {
    const search = new URLSearchParams("row=17&other=x");
    assert.equal(withRow(search, 0).toString(), "other=x");
    assert.equal(withRow(search, 41).get("row"), "42");
    assert.equal(search.get("row"), "17");
  });
});

describe("tables under dataflows", () => {
  it("come in the order of their names", () => {
    const tables = [
      { dataflow: "b", entity: "y" },
      { dataflow: "a", entity: "z" },
      { dataflow: "b", entity: "x" },
    ];
    const names = groupByDataflow(tables).map(([name, group]) => [name, group.map((table) => table.entity)]);
    assert.deepEqual(names, [
      ["a", ["z"]],
      ["b", ["x", "y"]],
    ]);
  });
});
