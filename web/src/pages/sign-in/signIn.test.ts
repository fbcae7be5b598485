import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ApiError } from "../../api/apiError.ts";
import { fieldErrors, isLinkRefused } from "./formErrors.ts";
import { passwordProblem } from "./passwordRules.ts";
import { secondsLeft } from "./useCountdown.ts";

describe("a new password", () => {
  const good: [string, string][] = [
    ["twelve chars", ""],
    ["correct horse battery", "ada"],
    [`${"x".repeat(1020)}abcd`, ""],
    ["🐎🔋📎🖇️🧷🪡🧵🪢🧶🪄🔮🎈", ""],
  ];
  for (const [password, name] of good) {
    it(`may be ${password.slice(0, 24)}`, () => assert.equal(passwordProblem(password, name), undefined));
  }

  const bad: [string, string, RegExp][] = [
    ["", "", /^Choose/],
    ["eleven char", "", /11 characters; 12/],
    // Twelve UTF-16 units, six characters.
    ["🐎🔋📎🧷🧵🧶", "", /6 characters; 12/],
    [`${"x".repeat(1021)}abcd`, "", /1025 characters; 1024/],
    ["abcdabcdabcd", "", /different/],
    ["i am ADA, hello", "ada", /name/],
  ];
  for (const [password, name, problem] of bad) {
    it(`may not be ${JSON.stringify(password.slice(0, 24))}`, () =>
      assert.match(passwordProblem(password, name) ?? "", problem));
  }
});

describe("a refusal of the server", () => {
  const cases: [string, string][] = [
    ["usage.password", "password"],
    ["usage.name", "username"],
    ["conflict", "username"],
    ["usage", "form"],
    ["internal", "form"],
  ];
  for (const [code, field] of cases) {
    it(`${code} shows at ${field}`, () => {
      const errors = fieldErrors(new ApiError(400, { code, message: "No.", hint: "Do." }));
      assert.deepEqual(errors, { [field]: "No. Do." });
    });
  }

  it("of a link is told from one of what was typed", () => {
    assert.equal(isLinkRefused(new ApiError(401, { code: "unauthenticated", message: "" })), true);
    assert.equal(isLinkRefused(new ApiError(400, { code: "usage.password", message: "" })), false);
    assert.equal(isLinkRefused(null), false);
  });
});

describe("the seconds left to wait", () => {
  const cases: [number, number][] = [
    [1000, 16],
    [1001, 16],
    [16_999, 1],
    [17_000, 0],
    [90_000, 0],
  ];
  for (const [now, left] of cases) {
    it(`are ${left} at ${now}`, () => assert.equal(secondsLeft(1000, 16, now), left));
  }
});
