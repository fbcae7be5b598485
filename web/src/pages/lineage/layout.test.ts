import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { layoutGraph } from "./layout.ts";

const box = (id: string) => ({ id, width: 200, height: 60 });

describe("the layout", () => {
  it("puts what feeds left of what is fed, and nothing over anything else", () => {
    const files = Array.from({ length: 12 }, (_, index) => `file ${index}`);
    const links = [...files.map((file) => ({ source: file, target: "query" })), { source: "query", target: "table" }];
    const positions = layoutGraph([...files, "query", "table"].map(box), links);
    const at = (id: string) => positions.get(id) ?? assert.fail(`${id} has no place`);
    for (const { source, target } of links) assert.ok(at(source).x + 200 < at(target).x);
    const tops = files.map((file) => at(file).y).sort((left, right) => left - right);
    for (const [index, top] of tops.entries()) assert.ok(index === 0 || top >= (tops[index - 1] ?? 0) + 60);
  });

  it("keeps neighbours in the order they were named", () => {
    const names = ["a", "b", "c", "d"];
    const fed = names.map((name) => ({ source: "root", target: name }));
    const feeding = names.map((name) => ({ source: name, target: "root" }));
    for (const links of [fed, feeding]) {
      const positions = layoutGraph(["root", ...names].map(box), links);
      const top = (name: string) => positions.get(name)?.y ?? 0;
      assert.deepEqual(
        names.toSorted((left, right) => top(left) - top(right)),
        names,
      );
    }
  });

  it("takes a circle", () => {
    const positions = layoutGraph(
      [box("a"), box("b")],
      [
        { source: "a", target: "b" },
        { source: "b", target: "a" },
      ],
    );
    assert.equal(positions.size, 2);
  });
});
