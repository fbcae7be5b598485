/** Who one is to this server. */
import { makeStyles, tokens } from "@fluentui/react-components";
import { useQuery } from "@tanstack/react-query";
import { meQuery } from "../../api/queries.ts";
import type { Me } from "../../api/types.ts";
import { Page } from "../../components/Page.tsx";

const VIA: Readonly<Record<Me["via"], string>> = {
  session: "A session of this browser",
  token: "An API token that is sent with every request",
  local: "Being the person who runs this server",
  administrator_token: "The administrator token of the server's environment",
};

const useStyles = makeStyles({
  facts: {
    margin: 0,
    display: "grid",
    gridTemplateColumns: "minmax(120px, max-content) minmax(0, 1fr)",
    gap: "12px 24px",
    "@media (max-width: 480px)": { gridTemplateColumns: "minmax(0, 1fr)", rowGap: "4px" },
  },
  pair: { display: "contents" },
  term: { color: tokens.colorNeutralForeground3 },
  fact: { margin: 0, overflowWrap: "anywhere", "@media (max-width: 480px)": { marginBottom: "12px" } },
});

/** The page at `/account`. */
export function AccountPage() {
  const styles = useStyles();
  const { data: me } = useQuery(meQuery);
  // The frame around this page is there for who is signed in only.
  if (me === undefined || me === null) return null;
  const facts: readonly (readonly [string, string])[] = [
    ["Display name", me.display_name],
    ["Name", me.name],
    ["E-mail", me.email ?? "None is known"],
    ["Signed in by", VIA[me.via]],
  ];
  return (
    <Page title="Your account">
      <dl className={styles.facts}>
        {facts.map(([term, fact]) => (
          <div key={term} className={styles.pair}>
            <dt className={styles.term}>{term}</dt>
            <dd className={styles.fact}>{fact}</dd>
          </div>
        ))}
      </dl>
    </Page>
  );
}
