import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, beforeEach, describe, it } from "node:test";
import { endSession, inSession, noteSession, sessionEnding, whenSessionEnds } from "./session.ts";

/** What the server got, and the CSRF token that it takes. */
let got: string[] = [];
let takes = "first";
let ended = 0;
let origin = "";

function answer(request: IncomingMessage, response: ServerResponse): void {
  const token = request.headers["x-csrf-token"] ?? "none";
  let text = "";
  request.on("data", (chunk) => {
    text += chunk;
  });
  request.on("end", () => {
    got.push(`${request.method} ${request.url} ${token} ${text}`.trim());
    const status = request.url?.startsWith("/401") || request.url?.startsWith("/api/sign-in") ? 401 : 0;
    const refused = status === 0 && request.method !== "GET" && token !== takes;
    response.writeHead(status || (refused ? 403 : 200), { "Content-Type": "application/json" });
    response.end(JSON.stringify({ error: { code: refused ? "forbidden.csrf" : "unauthenticated", message: "" } }));
  });
}

function person(token: string) {
  return { id: "1", name: "ada", display_name: "Ada", email: null, via: "session" as const, csrf_token: token };
}

describe("requests of a session", () => {
  const server = createServer(answer);
  const send = inSession(async () => noteSession(person(takes)));
  const ask = (method: string, path: string) =>
    send(new Request(origin + path, { method, ...(method === "GET" ? {} : { body: "{}" }) }));

  before(async () => {
    whenSessionEnds(() => {
      ended += 1;
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => server.close());
  beforeEach(() => {
    [got, takes, ended] = [[], "first", 0];
    noteSession(person("first"));
  });

  it("carry the token where they change something, and only there", async () => {
    assert.equal((await ask("GET", "/a")).status, 200);
    assert.equal((await ask("POST", "/a")).status, 200);
    assert.equal((await ask("DELETE", "/a")).status, 200);
    assert.deepEqual(got, ["GET /a none", "POST /a first {}", "DELETE /a first {}"]);
  });

  it("are sent once more, whole, when the session is a newer one", async () => {
    takes = "second";
    assert.equal((await ask("PUT", "/a")).status, 200);
    assert.deepEqual(got, ["PUT /a first {}", "PUT /a second {}"]);
  });

  it("end it when the server knows it no more, which is told once", async () => {
    await Promise.all([ask("GET", "/401"), ask("GET", "/401/too")]);
    assert.equal(ended, 1);
    assert.equal(sessionEnding(), "ended");
    assert.equal((await ask("POST", "/401")).status, 401);
    assert.deepEqual(got.at(-1), "POST /401 none {}");
  });

  it("do not end it by a wrong password", async () => {
    assert.equal((await ask("POST", "/api/sign-in")).status, 401);
    assert.equal((await ask("POST", "/api/sign-in/link")).status, 401);
    assert.equal(ended, 0);
  });

  it("are none after signing out", () => {
    endSession("signed-out");
    assert.equal(sessionEnding(), "signed-out");
    endSession("ended");
    assert.equal(sessionEnding(), "signed-out");
    assert.equal(ended, 1);
  });
});
