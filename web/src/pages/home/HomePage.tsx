/** What there is, how fresh it is, and the way to it. */
import { Badge, type BadgeProps, Card, makeStyles, Text, tokens } from "@fluentui/react-components";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { overviewQuery } from "../../api/queries.ts";
import type { Overview, RefreshSummary } from "../../api/types.ts";
import { Page } from "../../components/Page.tsx";
import { RouterLink } from "../../components/RouterLink.tsx";
import { ErrorState, LoadingState } from "../../components/states.tsx";
import { TimeAgo } from "../../components/TimeAgo.tsx";
import { countOf, formatCount, formatDuration } from "../../lib/format.ts";

const useStyles = makeStyles({
  cards: { display: "grid", gap: "16px", gridTemplateColumns: "repeat(auto-fill, minmax(280px, 1fr))" },
  card: { padding: "20px", gap: "4px", minHeight: "148px", boxSizing: "border-box" },
  title: { margin: 0, fontSize: tokens.fontSizeBase300, fontWeight: 600, color: tokens.colorNeutralForeground2 },
  figure: { fontSize: tokens.fontSizeHero800, lineHeight: tokens.lineHeightHero800, fontWeight: 600 },
  muted: { color: tokens.colorNeutralForeground3 },
  action: { marginTop: "auto", paddingTop: "8px" },
  status: { display: "flex", alignItems: "center", gap: "10px", flexWrap: "wrap", minHeight: "40px" },
  version: { marginTop: "24px", display: "block", color: tokens.colorNeutralForeground3 },
});

const STATUS: Readonly<Record<string, { label: string; color: BadgeProps["color"] & string }>> = {
  succeeded: { label: "Succeeded", color: "success" },
  failed: { label: "Failed", color: "danger" },
  running: { label: "Running", color: "informative" },
  cancelled: { label: "Cancelled", color: "warning" },
};

interface HomeCardProps {
  title: string;
  children: ReactNode;
}

function HomeCard({ title, children }: HomeCardProps) {
  const styles = useStyles();
  return (
    <Card className={styles.card}>
      <h2 className={styles.title}>{title}</h2>
      {children}
    </Card>
  );
}

function RefreshCard({ refresh }: { refresh: RefreshSummary | null }) {
  const styles = useStyles();
  if (refresh === null) {
    return (
      <HomeCard title="Latest refresh">
        <Text className={styles.muted}>No dataflow has been refreshed yet.</Text>
      </HomeCard>
    );
  }
  const { label, color } = STATUS[refresh.status] ?? { label: refresh.status, color: "informative" };
  const took = refresh.ended_at === null ? "" : ` · took ${formatDuration(refresh.started_at, refresh.ended_at)}`;
  return (
    <HomeCard title="Latest refresh">
      <div className={styles.status}>
        <Text size={500} weight="semibold">
          {refresh.dataflow}
        </Text>
        <Badge appearance="tint" color={color}>
          {label}
        </Badge>
      </div>
      <Text>
        {countOf(refresh.rows_written, "row")} written, {formatCount(refresh.rows_scored)} scored
      </Text>
      <Text className={styles.muted}>
        <TimeAgo iso={refresh.started_at} />
        {took}
      </Text>
    </HomeCard>
  );
}

function Cards({ overview }: { overview: Overview }) {
  const styles = useStyles();
  return (
    <div className={styles.cards}>
      <HomeCard title="Published tables">
        <span className={styles.figure}>{formatCount(overview.tables)}</span>
        <Text className={styles.muted}>What the dataflows wrote, open to other tools</Text>
        <RouterLink to="/tables" className={styles.action}>
          Browse the tables
        </RouterLink>
      </HomeCard>
      <HomeCard title="Sources">
        <span className={styles.figure}>{formatCount(overview.sources)}</span>
        <Text className={styles.muted}>
          {countOf(overview.assets, "asset")} in the catalog, from workspaces and dataflows
        </Text>
      </HomeCard>
      <RefreshCard refresh={overview.latest_refresh} />
    </div>
  );
}

/** The page at `/`. */
export function HomePage() {
  const styles = useStyles();
  const { data, error, refetch } = useQuery(overviewQuery);
  if (data === undefined) {
    return error ? (
      <ErrorState wholePage reason={error} retry={() => void refetch()} />
    ) : (
      <LoadingState label="Loading" />
    );
  }
  return (
    <Page title="Home">
      <Cards overview={data} />
      <Text size={200} className={styles.version}>
        Headwater {data.version}
      </Text>
    </Page>
  );
}
