/** What surrounds every page: the product's name, the way to the other pages, and the theme. */
import { makeStyles, mergeClasses, ProgressBar, tokens } from "@fluentui/react-components";
import { Home20Filled, Home20Regular } from "@fluentui/react-icons/svg/home";
import { Table20Filled, Table20Regular } from "@fluentui/react-icons/svg/table";
import type { ComponentType } from "react";
import { NavLink, Outlet, useNavigation } from "react-router";
import { AccountMenu } from "./AccountMenu.tsx";
import { Brand } from "./Brand.tsx";
import { ColorSchemeButton } from "./ColorSchemeButton.tsx";

interface Destination {
  to: string;
  label: string;
  Icon: ComponentType;
  CurrentIcon: ComponentType;
}

const destinations: readonly Destination[] = [
  { to: "/", label: "Home", Icon: Home20Regular, CurrentIcon: Home20Filled },
  { to: "/tables", label: "Tables", Icon: Table20Regular, CurrentIcon: Table20Filled },
];

const NARROW = "@media (max-width: 880px)";

const useStyles = makeStyles({
  shell: {
    height: "100%",
    display: "grid",
    gridTemplateRows: "48px minmax(0, 1fr)",
    gridTemplateColumns: "208px minmax(0, 1fr)",
    backgroundColor: tokens.colorNeutralBackground3,
    [NARROW]: { gridTemplateColumns: "52px minmax(0, 1fr)" },
  },
  skip: {
    position: "absolute",
    left: "8px",
    top: "-100px",
    zIndex: 10,
    padding: "8px 12px",
    backgroundColor: tokens.colorNeutralBackground1,
    color: tokens.colorBrandForegroundLink,
    borderRadius: tokens.borderRadiusMedium,
    boxShadow: tokens.shadow8,
    ":focus": { top: "8px" },
  },
  top: {
    gridColumn: "1 / -1",
    display: "flex",
    alignItems: "center",
    justifyContent: "space-between",
    padding: "0 10px 0 14px",
  },
  tools: { display: "flex", alignItems: "center", gap: "4px", minWidth: 0 },
  nav: { padding: "4px 8px", display: "flex", flexDirection: "column", gap: "2px" },
  destination: {
    position: "relative",
    display: "flex",
    alignItems: "center",
    gap: "12px",
    minHeight: "36px",
    padding: "0 8px",
    boxSizing: "border-box",
    borderRadius: tokens.borderRadiusMedium,
    color: tokens.colorNeutralForeground2,
    textDecorationLine: "none",
    fontSize: tokens.fontSizeBase300,
    ":hover": { backgroundColor: tokens.colorNeutralBackground3Hover },
    ":focus-visible": { outline: `2px solid ${tokens.colorStrokeFocus2}` },
  },
  current: {
    backgroundColor: tokens.colorNeutralBackground1,
    color: tokens.colorNeutralForeground1,
    fontWeight: tokens.fontWeightSemibold,
    "::before": {
      content: '""',
      position: "absolute",
      left: 0,
      top: "9px",
      bottom: "9px",
      width: "3px",
      borderRadius: tokens.borderRadiusCircular,
      backgroundColor: tokens.colorBrandForeground1,
    },
    "& svg": { color: tokens.colorBrandForeground1 },
  },
  label: { [NARROW]: { display: "none" } },
  main: {
    position: "relative",
    minWidth: 0,
    minHeight: 0,
    overflow: "auto",
    backgroundColor: tokens.colorNeutralBackground1,
    borderTopLeftRadius: tokens.borderRadiusXLarge,
    borderTop: `1px solid ${tokens.colorNeutralStroke2}`,
    borderLeft: `1px solid ${tokens.colorNeutralStroke2}`,
    ":focus": { outlineStyle: "none" },
  },
  progress: { position: "absolute", top: 0, left: 0, right: 0, zIndex: 5 },
});

function Navigation() {
  const styles = useStyles();
  return (
    <nav className={styles.nav} aria-label="Main">
      {destinations.map(({ to, label, Icon, CurrentIcon }) => (
        <NavLink
          key={to}
          to={to}
          end={to === "/"}
          aria-label={label}
          title={label}
          className={({ isActive }) => mergeClasses(styles.destination, isActive && styles.current)}
        >
          {({ isActive }) => (
            <>
              {isActive ? <CurrentIcon /> : <Icon />}
              <span className={styles.label}>{label}</span>
            </>
          )}
        </NavLink>
      ))}
    </nav>
  );
}

/** The frame of the app; the page of the current address stands in it. */
export function Shell() {
  const styles = useStyles();
  const loading = useNavigation().state === "loading";
  return (
    <div className={styles.shell}>
      <a className={styles.skip} href="#content">
        Skip to content
      </a>
      <header className={styles.top}>
        <Brand />
        <div className={styles.tools}>
          <ColorSchemeButton />
          <AccountMenu />
        </div>
      </header>
      <Navigation />
      <main id="content" className={styles.main} tabIndex={-1}>
        {loading && <ProgressBar className={styles.progress} shape="square" aria-label="Loading the page" />}
        <Outlet />
      </main>
    </div>
  );
}
