/** Where an asset comes from and what it feeds; what is shown is in the address, see `viewState`. */
import { Button, MessageBar, MessageBarActions, MessageBarBody, makeStyles, tokens } from "@fluentui/react-components";
import { useCallback, useMemo } from "react";
import { useParams, useSearchParams } from "react-router";
import type { LineageNode } from "../../api/types.ts";
import { assetType } from "../../components/assetTypes.tsx";
import { ErrorState, LoadingState } from "../../components/states.tsx";
import { AssetPanel } from "./AssetPanel.tsx";
import { columnPath } from "./columnPath.ts";
import { type LineageGraph, neighbours, type Side } from "./graph.ts";
import { LineageCanvas } from "./LineageCanvas.tsx";
import { LineageToolbar } from "./LineageToolbar.tsx";
import { LineageTree } from "./LineageTree.tsx";
import { FAN_OUT, MAX_FAN_OUT, useLineage } from "./useLineage.ts";
import { type LineageViewState, readViewState, withExpansion, writeViewState } from "./viewState.ts";

const useStyles = makeStyles({
  page: { height: "100%", display: "flex", flexDirection: "column", minHeight: 0 },
  header: { padding: "16px 24px 4px" },
  kind: { color: tokens.colorNeutralForeground3, fontSize: tokens.fontSizeBase200 },
  title: {
    margin: 0,
    fontSize: tokens.fontSizeBase600,
    lineHeight: tokens.lineHeightBase600,
    overflowWrap: "anywhere",
  },
  body: { flexGrow: 1, minHeight: "240px", display: "flex", position: "relative" },
  view: { flexGrow: 1, minWidth: 0, minHeight: 0 },
});

interface ShownLineageProps {
  graph: LineageGraph;
  state: LineageViewState;
  change: (change: Partial<LineageViewState>) => void;
}

function ShownLineage({ graph, state, change }: ShownLineageProps) {
  const styles = useStyles();
  const { column, selected, view, expansions } = state;
  const path = useMemo(() => (column === undefined ? undefined : columnPath(graph, column)), [graph, column]);
  const onSelect = useCallback((guid: string | undefined) => change({ selected: guid }), [change]);
  const onExpand = useCallback(
    ({ guid, is_process }: LineageNode, side: Side) => {
      const width = Math.min(neighbours(graph, guid, side).length + FAN_OUT, MAX_FAN_OUT);
      // From data on to data: the processes in between say little by themselves.
      const depth = is_process ? 1 : 2;
      change({ expansions: withExpansion(expansions, { side, guid, width, depth }) });
    },
    [change, expansions, graph],
  );
  const View = view === "list" ? LineageTree : LineageCanvas;
  return (
    <div className={styles.body}>
      <div className={styles.view}>
        <View graph={graph} path={path} selected={selected} onSelect={onSelect} onExpand={onExpand} />
      </div>
      {selected !== undefined && (
        <AssetPanel
          guid={selected}
          isRoot={selected === graph.root}
          onFocusColumn={(focused) => change({ column: focused })}
          onClose={() => change({ selected: undefined })}
        />
      )}
    </div>
  );
}

/** The page at `/lineage/:guid`. */
export function LineagePage() {
  const styles = useStyles();
  const { guid = "" } = useParams();
  const [search, setSearch] = useSearchParams();
  const state = useMemo(() => readViewState(search), [search]);
  const change = useCallback(
    (changes: Partial<LineageViewState>) =>
      setSearch((previous) => writeViewState({ ...readViewState(previous), ...changes })),
    [setSearch],
  );
  const { graph, error, retry } = useLineage(guid, state);
  const root = graph?.nodes.get(graph.root);
  if (graph === undefined || root === undefined) {
    return error ? <ErrorState wholePage reason={error} retry={retry} /> : <LoadingState label="Loading the lineage" />;
  }
  return (
    <div className={styles.page}>
      <title>{`Lineage of ${root.display_name} · Headwater`}</title>
      <header className={styles.header}>
        <div className={styles.kind}>Lineage · {assetType(root.type_name, root.is_process).label}</div>
        <h1 className={styles.title}>{root.display_name}</h1>
      </header>
      <LineageToolbar state={state} columns={root.columns} onChange={change} />
      {error !== null && (
        <MessageBar intent="error">
          <MessageBarBody>More of the lineage could not be loaded. {error.message}</MessageBarBody>
          <MessageBarActions>
            <Button onClick={retry}>Try again</Button>
          </MessageBarActions>
        </MessageBar>
      )}
      <ShownLineage key={guid} graph={graph} state={state} change={change} />
    </div>
  );
}
