import { makeStyles, tokens } from "@fluentui/react-components";
import type { ReactNode } from "react";

const useStyles = makeStyles({
  window: { height: "100%", overflow: "auto", backgroundColor: tokens.colorNeutralBackground1 },
});

/** What stands in the window alone, while there is no frame around it yet. */
export function WholeWindow({ children }: { children: ReactNode }) {
  const styles = useStyles();
  return <main className={styles.window}>{children}</main>;
}
