import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { RouterProvider } from "react-router/dom";
import "./app/base.css";
import { meQuery } from "./api/queries.ts";
import { takeLinkTokens } from "./app/oneTimeLink.ts";
import { queryClient } from "./app/queryClient.ts";
import { createRouter } from "./app/routes.tsx";
import { ColorSchemeProvider } from "./app/theme.tsx";
import { basePath } from "./lib/basePath.ts";

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no element 'root'.");

function start(root: HTMLElement): void {
  // Before the router reads the address.
  takeLinkTokens();
  const router = createRouter();
  // Every page but the ways in waits for this: it is asked for while the page's chunk is loaded.
  void queryClient.prefetchQuery(meQuery);
  // A page that Back brings from the browser's memory is as it was: whoever was signed in then need not be now.
  window.addEventListener("pageshow", ({ persisted }) => {
    if (persisted) void queryClient.invalidateQueries(meQuery);
  });
  createRoot(root).render(
    <StrictMode>
      <ColorSchemeProvider>
        <QueryClientProvider client={queryClient}>
          <RouterProvider router={router} />
        </QueryClientProvider>
      </ColorSchemeProvider>
    </StrictMode>,
  );
}

const { pathname, search, hash } = window.location;
if (`${pathname}/`.startsWith(`${basePath}/`)) start(root);
// Asked for past the base path, by the server's own address instead of its proxy's.
else window.location.replace(`${basePath}${pathname}${search}${hash}`);
