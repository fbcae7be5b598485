/** Which page answers which address. Every page is a chunk of its own; the shell is all that the first load brings. */
import { createBrowserRouter, type RouteObject } from "react-router";
import { LoadingState } from "../components/states.tsx";
import { basePath } from "../lib/basePath.ts";
import { NotFoundPage } from "./NotFoundPage.tsx";
import { PageError } from "./PageError.tsx";
import { Shell } from "./Shell.tsx";
import { SignedInOnly } from "./SignedInOnly.tsx";
import { WholeWindow } from "./WholeWindow.tsx";

const loading = (
  <WholeWindow>
    <LoadingState label="Loading Headwater" />
  </WholeWindow>
);

const waysIn: RouteObject = {
  path: "sign-in",
  lazy: async () => ({ Component: (await import("../pages/sign-in/SignInFrame.tsx")).SignInFrame }),
  errorElement: <PageError />,
  hydrateFallbackElement: loading,
  children: [
    { index: true, lazy: async () => ({ Component: (await import("../pages/sign-in/SignInPage.tsx")).SignInPage }) },
    { path: "link", lazy: async () => ({ Component: (await import("../pages/sign-in/LinkPage.tsx")).LinkPage }) },
    {
      path: "password",
      lazy: async () => ({ Component: (await import("../pages/sign-in/PasswordPage.tsx")).PasswordPage }),
    },
    {
      path: "first-administrator",
      lazy: async () => ({
        Component: (await import("../pages/sign-in/FirstAdministratorPage.tsx")).FirstAdministratorPage,
      }),
    },
  ],
};

const pages: RouteObject = {
  element: (
    <SignedInOnly>
      <Shell />
    </SignedInOnly>
  ),
  errorElement: <PageError />,
  hydrateFallbackElement: loading,
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
        {
          path: "account",
          lazy: async () => ({ Component: (await import("../pages/account/AccountPage.tsx")).AccountPage }),
        },
        { path: "*", element: <NotFoundPage /> },
      ],
    },
  ],
};

/** The router. It reads the address when it is made. */
export function createRouter() {
  return createBrowserRouter([waysIn, pages], { basename: basePath === "" ? "/" : basePath });
}
