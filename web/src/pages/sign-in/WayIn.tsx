import { makeStyles, Text, tokens } from "@fluentui/react-components";
import type { ReactNode } from "react";

const useStyles = makeStyles({
  title: { margin: 0, fontSize: tokens.fontSizeBase600, lineHeight: tokens.lineHeightBase600, fontWeight: 600 },
  lead: { display: "block", marginTop: "4px", color: tokens.colorNeutralForeground2 },
  content: { marginTop: "20px" },
});

interface WayInProps {
  title: string;
  /** What stands under the title: what this is about. */
  lead?: ReactNode;
  children?: ReactNode;
}

/** One way in: its title, which is the tab's too, what it is about, and the form. */
export function WayIn({ title, lead, children }: WayInProps) {
  const styles = useStyles();
  return (
    <>
      <title>{`${title} · Headwater`}</title>
      <h1 className={styles.title}>{title}</h1>
      {lead !== undefined && <Text className={styles.lead}>{lead}</Text>}
      {children !== undefined && <div className={styles.content}>{children}</div>}
    </>
  );
}
