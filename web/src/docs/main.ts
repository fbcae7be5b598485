/** The page at /docs: Swagger UI over this server's own description, a page of its own beside the app. */
import SwaggerUI, { type TriedRequest } from "swagger-ui-dist/swagger-ui-es-bundle.js";
import "swagger-ui-dist/swagger-ui.css";
import { body, client } from "../api/client.ts";
import { basePath } from "../lib/basePath.ts";

/** What is tried here is sent as the session, and may change something: the token goes along, to this server alone. */
async function withToken(request: TriedRequest): Promise<TriedRequest> {
  const isHere = new URL(request.url, window.location.href).origin === window.origin;
  if (request.loadSpec || !isHere) return request;
  const { csrf_token: token } = await body(client.GET("/api/me"));
  if (token !== null) request.headers["X-CSRF-Token"] = token;
  return request;
}

SwaggerUI({
  url: `${basePath}/openapi.json`,
  dom_id: "#api",
  deepLinking: true,
  // Its validator is a service elsewhere.
  validatorUrl: null,
  requestInterceptor: withToken,
});
