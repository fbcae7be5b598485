import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  MAX_SCROLL_HEIGHT,
  maxTop,
  type RowList,
  scrollHeight,
  scrollTopOf,
  topAfterScroll,
  topToReveal,
  visibleRows,
} from "./rowWindow.ts";

const short: RowList = { rowCount: 100, rowHeight: 30, viewportHeight: 600 };
const million: RowList = { rowCount: 1_000_000, rowHeight: 30, viewportHeight: 600 };

describe("a list that fits the browser's limit", () => {
  it("is scrolled one to one", () => {
    assert.equal(scrollHeight(short), 3000);
    assert.equal(scrollTopOf(short, 1234), 1234);
    assert.equal(topAfterScroll(short, 0, 0, 2000), 2000);
  });

  it("shows the rows that are at least partly in sight", () => {
    assert.deepEqual(visibleRows(short, 15), { first: 0, end: 21 });
    assert.deepEqual(visibleRows(short, maxTop(short)), { first: 80, end: 100 });
  });

  it("needs no scrolling when all of it is in sight", () => {
    const few = { ...short, rowCount: 3 };
    assert.equal(maxTop(few), 0);
    assert.equal(scrollTopOf(few, 0), 0);
    assert.deepEqual(visibleRows(few, 0), { first: 0, end: 3 });
  });

  it("shows nothing of no rows", () => {
    assert.deepEqual(visibleRows({ ...short, rowCount: 0 }, 0), { first: 0, end: 0 });
  });
});

describe("a million rows", () => {
  it("stay below the limit", () => {
    assert.equal(scrollHeight(million), MAX_SCROLL_HEIGHT);
  });

  it("can each be brought into sight, and the scroll bar there and back", () => {
    for (const row of [0, 1, 19, 20, 21, 499_999, 745_654, 999_978, 999_999]) {
      const top = topToReveal(million, 0, row);
      const { first, end } = visibleRows(million, top);
      assert.ok(first <= row && row < end, `row ${row} in ${first}–${end}`);
      const back = (scrollTopOf(million, top) / (MAX_SCROLL_HEIGHT - 600)) * maxTop(million);
      assert.ok(Math.abs(back - top) < 1e-3);
    }
  });

  it("move pixel by pixel in steps smaller than the viewport", () => {
    const at = 3_000_000;
    const top = topAfterScroll(million, 12_345_678, at, at + 100);
    assert.equal(top, 12_345_778);
  });

  it("jump with the bar in larger steps", () => {
    const middle = (MAX_SCROLL_HEIGHT - 600) / 2;
    assert.equal(topAfterScroll(million, 0, 0, middle), maxTop(million) / 2);
  });

  it("are at their ends when the bar is, however it came there", () => {
    const end = MAX_SCROLL_HEIGHT - 600;
    assert.equal(topAfterScroll(million, 5_000_000, end - 10, end), maxTop(million));
    assert.equal(topAfterScroll(million, 5_000_000, 10, 0), 0);
  });
});

describe("revealing a row", () => {
  it("moves no further than it must", () => {
    assert.equal(topToReveal(short, 300, 15), 300);
    assert.equal(topToReveal(short, 300, 5), 150);
    assert.equal(topToReveal(short, 300, 40), 41 * 30 - 600);
  });
});
