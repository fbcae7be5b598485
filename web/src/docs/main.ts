/** The page at /docs: Swagger UI over this server's own description, a page of its own beside the app. */
import SwaggerUI from "swagger-ui-dist/swagger-ui-es-bundle.js";
import "swagger-ui-dist/swagger-ui.css";
import { basePath } from "../lib/basePath.ts";

SwaggerUI({
  url: `${basePath}/openapi.json`,
  dom_id: "#api",
  deepLinking: true,
  // Its validator is a service elsewhere.
  validatorUrl: null,
});
