import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ApiError } from "../api/apiError.ts";
import { refusalMeaning } from "./refusals.ts";

describe("the meaning of a refusal", () => {
  const meaning = (status: number, code: string) => refusalMeaning(new ApiError(status, { code, message: "" }));

  it("of what is not there leaves open whether it is", () =>
    assert.match(meaning(404, "not_found") ?? "", /may not see/));
  it("of what may not be done names who can help", () => assert.match(meaning(403, "forbidden") ?? "", /Ask whoever/));
  for (const [status, code] of [
    [403, "forbidden.csrf"],
    [403, "forbidden.origin"],
    [500, "internal"],
    [0, "unreachable"],
  ] as const) {
    it(`is not given for ${code}`, () => assert.equal(meaning(status, code), undefined));
  }
  it("is not given for what is no answer", () => assert.equal(refusalMeaning(new Error("x")), undefined));
});
