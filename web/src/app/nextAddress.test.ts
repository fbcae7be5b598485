import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { nextAddress, signInAddress } from "./nextAddress.ts";

function next(wanted: string): string {
  return nextAddress(new URLSearchParams({ next: wanted }));
}

describe("the address that signing in leads to", () => {
  const own = [
    "/",
    "/tables",
    "/tables/sales/orders_scored?row=17&x=%2F",
    "/lineage/1-2?column=a#part",
    "/tables/caf%C3%A9%2Fx/y",
    "/docs",
    "/apiary",
    "/?next=//evil.example",
  ];
  for (const address of own) it(`is ${address}`, () => assert.equal(next(address), address));

  it("is what a browser would understand", () => assert.equal(next("/a/../tables/./b"), "/tables/b"));

  const hostile = [
    "",
    "tables",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "\t//evil.example",
    " //evil.example",
    "/.//evil.example",
    "/a/..//evil.example",
    "/%2e//evil.example",
    "https://evil.example",
    "https:evil.example",
    "https:/evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "@evil.example",
    "/api/sign-out",
    "/api",
    "/openapi.json",
    "/x/../api/me",
    "/sign-in?next=/tables",
    "/sign-in/link",
  ];
  for (const address of hostile) {
    it(`is the home page for ${JSON.stringify(address)}`, () => assert.equal(next(address), "/"));
  }

  it("is the home page when none is asked for", () => assert.equal(nextAddress(new URLSearchParams()), "/"));
});

describe("the sign-in page's address", () => {
  it("brings back to the exact address", () => {
    const address = "/tables/a&b/c?row=17&q=x%20y#part";
    const search = new URL(signInAddress(address), "http://here.invalid").searchParams;
    assert.equal(nextAddress(search), address);
  });

  it("is short for the home page", () => assert.equal(signInAddress("/"), "/sign-in"));
});
