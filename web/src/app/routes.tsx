/** Which page answers which address. Every page is a chunk of its own; the shell is all that the first load brings. */
import { createBrowserRouter, type RouteObject } from "react-router";
import { basePath } from "../lib/basePath.ts";
import { NotFoundPage } from "./NotFoundPage.tsx";
import { PageError } from "./PageError.tsx";
import { Shell } from "./Shell.tsx";

const routes: RouteObject[] = [
  {
    element: <Shell />,
    errorElement: <PageError />,
    hydrateFallbackElement: <Shell />,
    children: [
      {
        errorElement: <PageError />,
        children: [
          { index: true, lazy: async () => ({ Component: (await import("../pages/home/HomePage.tsx")).HomePage }) },
          {
            path: "tables",
            lazy: async () => ({ Component: (await import("../pages/tables/TablesPage.tsx")).TablesPage }),
          },
          {
            path: "tables/:dataflow/:entity",
            lazy: async () => ({ Component: (await import("../pages/tables/TablePage.tsx")).TablePage }),
          },
          {
            path: "lineage/:guid",
            lazy: async () => ({ Component: (await import("../pages/lineage/LineagePage.tsx")).LineagePage }),
          },
          { path: "*", element: <NotFoundPage /> },
        ],
      },
    ],
  },
];

export const router = createBrowserRouter(routes, { basename: basePath === "" ? "/" : basePath });
