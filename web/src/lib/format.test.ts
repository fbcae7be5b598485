import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { countOf, formatAgo, formatDuration } from "./format.ts";

const NOW = Date.parse("2026-03-01T12:00:00Z");

describe("how long ago", () => {
  const cases: [string, Intl.RelativeTimeFormatUnit, number][] = [
    ["2026-03-01T11:59:30Z", "second", -30],
    ["2026-03-01T11:57:00Z", "minute", -3],
    ["2026-03-01T10:01:00Z", "hour", -1],
    ["2026-02-26T12:00:00Z", "day", -3],
    ["2026-03-01T12:00:00Z", "second", 0],
  ];
  const words = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
  for (const [iso, unit, distance] of cases) {
    it(iso, () => assert.equal(formatAgo(iso, NOW), words.format(distance, unit)));
  }
});

describe("how long", () => {
  const cases: [number, string][] = [
    [48, "48 s"],
    [185, "3 min 5 s"],
    [7800, "2 h 10 min"],
    [-5, "0 s"],
  ];
  for (const [seconds, text] of cases) {
    it(text, () => {
      const end = new Date(NOW + seconds * 1000).toISOString();
      assert.equal(formatDuration(new Date(NOW).toISOString(), end), text);
    });
  }
});

describe("how many", () => {
  it("one, and more than one", () => {
    assert.equal(countOf(1, "row"), "1 row");
    assert.equal(countOf(0, "row"), "0 rows");
  });
});
