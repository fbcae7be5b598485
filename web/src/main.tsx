import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { RouterProvider } from "react-router/dom";
import "./app/base.css";
import { queryClient } from "./app/queryClient.ts";
import { router } from "./app/routes.tsx";
import { ColorSchemeProvider } from "./app/theme.tsx";
import { basePath } from "./lib/basePath.ts";

const { pathname, search, hash } = window.location;
const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no element 'root'.");

if (`${pathname}/`.startsWith(`${basePath}/`)) {
  createRoot(root).render(
    <StrictMode>
      <ColorSchemeProvider>
        <QueryClientProvider client={queryClient}>
          <RouterProvider router={router} />
        </QueryClientProvider>
      </ColorSchemeProvider>
    </StrictMode>,
  );
} else {
  // Asked for past the base path, by the server's own address instead of its proxy's.
  window.location.replace(`${basePath}${pathname}${search}${hash}`);
}
