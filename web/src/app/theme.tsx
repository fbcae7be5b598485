/** Light and dark: the system's choice until a person makes their own, which the browser remembers. */
import {
  type BrandVariants,
  createDarkTheme,
  createLightTheme,
  FluentProvider,
  type Theme,
} from "@fluentui/react-components";
import { createContext, type ReactNode, use, useMemo, useState, useSyncExternalStore } from "react";

export type ColorScheme = "light" | "dark";

const STORAGE_KEY = "headwater.color-scheme";

const brand: BrandVariants = {
  10: "#01090b",
  20: "#07191d",
  30: "#0a2a31",
  40: "#0b3840",
  50: "#0b4651",
  60: "#0a5462",
  70: "#0b6272",
  80: "#0b6a78",
  90: "#1f8294",
  100: "#3592a3",
  110: "#4ba2b2",
  120: "#62b1c0",
  130: "#7bc0ce",
  140: "#95d0db",
  150: "#b1dfe7",
  160: "#cfeef3",
};

const themes: Record<ColorScheme, Theme> = {
  light: createLightTheme(brand),
  dark: {
    ...createDarkTheme(brand),
    // Fluent's own choice from this ramp is too dark to read on grey.
    colorBrandForeground1: brand[120],
    colorBrandForeground2: brand[130],
    colorBrandForegroundLink: brand[120],
    colorBrandForegroundLinkHover: brand[130],
    colorBrandForegroundLinkPressed: brand[110],
    colorBrandStroke1: brand[120],
  },
};

interface ColorSchemeState {
  scheme: ColorScheme;
  toggle: () => void;
}

const ColorSchemeContext = createContext<ColorSchemeState | undefined>(undefined);

const systemQuery = window.matchMedia("(prefers-color-scheme: dark)");

function subscribeToSystem(changed: () => void): () => void {
  systemQuery.addEventListener("change", changed);
  return () => systemQuery.removeEventListener("change", changed);
}

function storedScheme(): ColorScheme | undefined {
  const stored = window.localStorage.getItem(STORAGE_KEY);
  return stored === "light" || stored === "dark" ? stored : undefined;
}

/** Puts Fluent's theme, and the choice of it, around the app. */
export function ColorSchemeProvider({ children }: { children: ReactNode }) {
  const system = useSyncExternalStore(subscribeToSystem, () => (systemQuery.matches ? "dark" : "light"));
  const [chosen, setChosen] = useState(storedScheme);
  const scheme = chosen ?? system;
  const state = useMemo(() => {
    const other = scheme === "light" ? "dark" : "light";
    const toggle = () => {
      window.localStorage.setItem(STORAGE_KEY, other);
      setChosen(other);
    };
    return { scheme, toggle };
  }, [scheme]);
  return (
    <ColorSchemeContext value={state}>
      <FluentProvider theme={themes[scheme]} style={{ colorScheme: scheme, height: "100%" }}>
        {children}
      </FluentProvider>
    </ColorSchemeContext>
  );
}

/** The scheme in force and the way to change it; only below {@link ColorSchemeProvider}. */
export function useColorScheme(): ColorSchemeState {
  const state = use(ColorSchemeContext);
  if (state === undefined) throw new Error("useColorScheme is called outside of ColorSchemeProvider.");
  return state;
}
