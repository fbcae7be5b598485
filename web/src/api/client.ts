/** One typed client for the whole app; its calls end in a body or in the one kind of error. */
import createClient from "openapi-fetch";
import { basePath } from "../lib/basePath.ts";
import { ApiError } from "./apiError.ts";
import type { paths } from "./schema.ts";
import { inSession, noteSession } from "./session.ts";

export const client = createClient<paths>({ baseUrl: basePath, fetch: inSession(renewSession) });

async function renewSession(): Promise<void> {
  const { data } = await client.GET("/api/me");
  if (data !== undefined) noteSession(data);
}

interface Result<Body> {
  data?: Body;
  error?: unknown;
  response: Response;
}

/**
 * The body of an answer, or an {@link ApiError}.
 *
 * A call that was cancelled keeps its `AbortError`: that is nobody's mistake and is never shown.
 */
export async function body<Body>(call: Promise<Result<Body>>): Promise<Body> {
  let result: Result<Body>;
  try {
    result = await call;
  } catch (reason) {
    if (reason instanceof DOMException && reason.name === "AbortError") throw reason;
    throw new ApiError(0, {
      code: "unreachable",
      message: "Headwater does not answer.",
      hint: "Check that the server is still running, then try again.",
    });
  }
  // An answer that succeeds without a body (204) has no data, which is what its type says too.
  if (result.response.ok) return result.data as Body;
  throw errorOf(result.response, result.error);
}

function errorOf(response: Response, answer: unknown): ApiError {
  if (isErrorAnswer(answer)) {
    return new ApiError(response.status, answer.error, Number(response.headers.get("Retry-After") ?? 0) || 0);
  }
  return new ApiError(response.status, {
    code: `http.${response.status}`,
    message: `Headwater answered with status ${response.status} and said no more.`,
    hint: "The server's log says why.",
  });
}

function isErrorAnswer(answer: unknown): answer is { error: { code: string; message: string } } {
  if (typeof answer !== "object" || answer === null || !("error" in answer)) return false;
  const { error } = answer;
  return typeof error === "object" && error !== null && "code" in error && "message" in error;
}
