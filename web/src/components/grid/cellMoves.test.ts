import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { moveCell } from "./cellMoves.ts";

const size = { rowCount: 1000, columnCount: 10, pageRows: 20 };
const from = { row: 500, column: 5 };

const cases: [string, boolean, number, number][] = [
  ["ArrowUp", false, 499, 5],
  ["ArrowDown", false, 501, 5],
  ["ArrowLeft", false, 500, 4],
  ["ArrowRight", false, 500, 6],
  ["ArrowUp", true, -1, 5],
  ["ArrowDown", true, 999, 5],
  ["ArrowLeft", true, 500, 0],
  ["ArrowRight", true, 500, 9],
  ["PageUp", false, 480, 5],
  ["PageDown", false, 520, 5],
  ["Home", false, 500, 0],
  ["End", false, 500, 9],
  ["Home", true, 0, 0],
  ["End", true, 999, 9],
];

describe("keys in a grid", () => {
  for (const [key, ctrl, row, column] of cases) {
    it(`${ctrl ? "Ctrl+" : ""}${key}`, () => {
      assert.deepEqual(moveCell(from, { key, ctrl }, size), { row, column });
    });
  }

  it("reach the heading from the first row, and stop there", () => {
    const heading = moveCell({ row: 0, column: 2 }, { key: "ArrowUp", ctrl: false }, size);
    assert.deepEqual(heading, { row: -1, column: 2 });
    assert.deepEqual(moveCell({ row: -1, column: 2 }, { key: "PageUp", ctrl: false }, size), { row: -1, column: 2 });
  });

  it("stop at the last row and column", () => {
    const corner = { row: 999, column: 9 };
    assert.deepEqual(moveCell(corner, { key: "PageDown", ctrl: false }, size), corner);
    assert.deepEqual(moveCell(corner, { key: "ArrowRight", ctrl: false }, size), corner);
  });

  it("that mean nothing to a grid are left to the browser", () => {
    assert.equal(moveCell(from, { key: "a", ctrl: true }, size), undefined);
    assert.equal(moveCell(from, { key: "Tab", ctrl: false }, size), undefined);
  });
});
