import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ColumnType } from "../../api/types.ts";
import { cellText, columnWidth } from "./cellText.ts";

const cases: [ColumnType, unknown, string | undefined][] = [
  ["text", "", ""],
  ["text", "null", "null"],
  ["text", null, undefined],
  ["text", "a T-shirt", "a T-shirt"],
  ["number", 0, "0"],
  ["number", 0.1, "0.1"],
  ["int64", "9007199254740993", "9007199254740993"],
  ["logical", false, "false"],
  ["datetime", "2013-01-31T05:15:00", "2013-01-31 05:15:00"],
  ["datetimezone", "2013-01-31T05:15:00+00:00", "2013-01-31 05:15:00+00:00"],
  ["date", "2013-01-31", "2013-01-31"],
  ["record", { a: 1 }, '{"a":1}'],
  ["list", [1, null], "[1,null]"],
];

describe("what a cell says", () => {
  for (const [type, value, text] of cases) {
    it(`${type} ${JSON.stringify(value)}`, () => assert.equal(cellText(type, value), text));
  }
});

describe("a column's width", () => {
  it("grows with its heading, up to a limit", () => {
    const width = (name: string) => columnWidth({ name, type: "int64" });
    assert.ok(width("id") < width("a_rather_long_heading"));
    assert.equal(width("x".repeat(100)), width("x".repeat(200)));
  });
});
