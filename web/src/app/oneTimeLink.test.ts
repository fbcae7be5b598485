import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { tokenIn } from "./oneTimeLink.ts";

describe("the token of a one-time link", () => {
  it("is the fragment", () => assert.equal(tokenIn("#hwl_aZ09-_x"), "hwl_aZ09-_x"));

  for (const fragment of ["", "#", "#content", "#hwl_", "#hwl_a b", "#hws_abc", "#hwl_a/b", "hwl_abc", "##hwl_abc"]) {
    it(`is not ${JSON.stringify(fragment)}`, () => assert.equal(tokenIn(fragment), undefined));
  }
});
