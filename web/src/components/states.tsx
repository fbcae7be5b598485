/** What a view shows when it has nothing to show: it is still loading, it failed, or there is nothing. */
import { Button, makeStyles, Spinner, Text, tokens } from "@fluentui/react-components";
import { Box24Regular } from "@fluentui/react-icons/svg/box";
import { ErrorCircle48Regular } from "@fluentui/react-icons/svg/error-circle";
import { useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { ApiError } from "../api/apiError.ts";
import { meQuery } from "../api/queries.ts";
import { refusalMeaning } from "./refusals.ts";

const useStyles = makeStyles({
  state: {
    height: "100%",
    minHeight: "240px",
    boxSizing: "border-box",
    padding: "32px 24px",
    display: "flex",
    flexDirection: "column",
    alignItems: "center",
    justifyContent: "center",
    gap: "8px",
    textAlign: "center",
    color: tokens.colorNeutralForeground2,
  },
  title: { margin: 0, fontSize: tokens.fontSizeBase500, lineHeight: tokens.lineHeightBase500, fontWeight: 600 },
  text: { maxWidth: "56ch", overflowWrap: "anywhere" },
  place: { maxWidth: "72ch", overflowWrap: "anywhere", color: tokens.colorNeutralForeground3 },
  icon: { color: tokens.colorNeutralForeground3, width: "40px", height: "40px" },
  errorIcon: { color: tokens.colorPaletteRedForeground1, width: "40px", height: "40px" },
  action: { marginTop: "8px" },
});

/** `label` says what is being waited for: "Loading the rows". */
export function LoadingState({ label }: { label: string }) {
  const styles = useStyles();
  return (
    <div className={styles.state}>
      <Spinner label={label} labelPosition="below" delay={200} />
    </div>
  );
}

interface StateProps {
  /** The state stands in place of a whole page, and its title is the page's. */
  wholePage?: boolean | undefined;
}

function Title({ wholePage = false, children }: StateProps & { children: ReactNode }) {
  const styles = useStyles();
  const Heading = wholePage ? "h1" : "h2";
  return <Heading className={styles.title}>{children}</Heading>;
}

interface EmptyStateProps extends StateProps {
  title: string;
  children: ReactNode;
  action?: ReactNode;
}

/** There is nothing: `children` says why that may be, `action` what to do about it. */
export function EmptyState({ title, children, action, wholePage }: EmptyStateProps) {
  const styles = useStyles();
  return (
    <div className={styles.state}>
      <Box24Regular className={styles.icon} />
      <Title wholePage={wholePage}>{title}</Title>
      <Text className={styles.text} align="center">
        {children}
      </Text>
      {action !== undefined && <div className={styles.action}>{action}</div>}
    </div>
  );
}

interface ErrorStateProps extends StateProps {
  reason: unknown;
  retry: () => void;
}

/** What a refusal means to who is signed in: which of the two it is, nobody may know who may not see it. */
function Refusal({ reason }: { reason: unknown }) {
  const styles = useStyles();
  const me = useQueryClient().getQueryData(meQuery.queryKey);
  const meaning = refusalMeaning(reason);
  if (meaning === undefined) return null;
  return (
    <Text className={styles.text} align="center">
      {meaning}
      {me !== undefined && me !== null && ` You are signed in as ${me.display_name} (${me.name}).`}
    </Text>
  );
}

/** What went wrong, where, what to do, and a way to try again. */
export function ErrorState({ reason, retry, wholePage }: ErrorStateProps) {
  const styles = useStyles();
  const { title, hint, place } = explain(reason);
  return (
    <div className={styles.state} role="alert">
      <ErrorCircle48Regular className={styles.errorIcon} />
      <Title wholePage={wholePage}>{title}</Title>
      {hint !== "" && (
        <Text className={styles.text} align="center">
          {hint}
        </Text>
      )}
      <Refusal reason={reason} />
      {place !== "" && (
        <Text className={styles.place} size={200} font="monospace" align="center">
          {place}
        </Text>
      )}
      <Button className={styles.action} onClick={retry}>
        Try again
      </Button>
    </div>
  );
}

function explain(reason: unknown): { title: string; hint: string; place: string } {
  if (reason instanceof ApiError) {
    const place = [reason.code, reason.place].filter((part) => part !== "").join(" · ");
    return { title: reason.message, hint: reason.hint, place };
  }
  const place = reason instanceof Error ? reason.message : "";
  return {
    title: "This page stopped working",
    hint: "Trying again loads it afresh. If it happens again, the text below helps whoever looks into it.",
    place,
  };
}
