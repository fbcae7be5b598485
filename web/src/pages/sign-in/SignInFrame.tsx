/** What surrounds the ways in. */
import { makeStyles, tokens } from "@fluentui/react-components";
import { Outlet } from "react-router";
import { Brand } from "../../app/Brand.tsx";
import { ColorSchemeButton } from "../../app/ColorSchemeButton.tsx";

const useStyles = makeStyles({
  frame: {
    minHeight: "100%",
    display: "flex",
    flexDirection: "column",
    backgroundColor: tokens.colorNeutralBackground3,
  },
  top: {
    display: "flex",
    alignItems: "center",
    justifyContent: "space-between",
    padding: "8px 10px 8px 14px",
  },
  main: {
    flexGrow: 1,
    display: "flex",
    justifyContent: "center",
    alignItems: "flex-start",
    padding: "min(10vh, 96px) 12px 32px",
  },
  card: {
    width: "100%",
    maxWidth: "400px",
    boxSizing: "border-box",
    padding: "28px 32px 32px",
    backgroundColor: tokens.colorNeutralBackground1,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusXLarge,
    boxShadow: tokens.shadow8,
    "@media (max-width: 420px)": { padding: "20px 16px 24px" },
  },
});

/** The frame of the ways in; the page of the current address stands in it. */
export function SignInFrame() {
  const styles = useStyles();
  return (
    <div className={styles.frame}>
      <header className={styles.top}>
        <Brand />
        <ColorSchemeButton />
      </header>
      <main className={styles.main}>
        <div className={styles.card}>
          <Outlet />
        </div>
      </main>
    </div>
  );
}
