import { makeStyles, tokens } from "@fluentui/react-components";
import type { ReactNode } from "react";

const useStyles = makeStyles({
  page: { maxWidth: "1120px", padding: "28px 32px 48px", boxSizing: "border-box" },
  title: {
    margin: "0 0 20px",
    fontSize: tokens.fontSizeBase600,
    lineHeight: tokens.lineHeightBase600,
    fontWeight: 600,
  },
});

interface PageProps {
  title: string;
  children: ReactNode;
}

/** A page that scrolls: its title, which is the tab's too, and what it says. */
export function Page({ title, children }: PageProps) {
  const styles = useStyles();
  return (
    <div className={styles.page}>
      <title>{`${title} · Headwater`}</title>
      <h1 className={styles.title}>{title}</h1>
      {children}
    </div>
  );
}
