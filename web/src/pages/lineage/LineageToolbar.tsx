import { Field, makeStyles, Select, Tab, TabList, tokens } from "@fluentui/react-components";
import { Flow20Regular } from "@fluentui/react-icons/svg/flow";
import { TextBulletListTree20Regular } from "@fluentui/react-icons/svg/text-bullet-list-tree";
import type { LineageViewState } from "./viewState.ts";

const useStyles = makeStyles({
  toolbar: {
    display: "flex",
    flexWrap: "wrap",
    alignItems: "end",
    gap: "8px 16px",
    padding: "8px 24px 12px",
    borderBottom: `1px solid ${tokens.colorNeutralStroke2}`,
  },
  column: { minWidth: "200px", maxWidth: "320px" },
  views: { marginLeft: "auto" },
});

const DEPTHS = [1, 2, 3, 5, 10, 20];

interface LineageToolbarProps {
  state: LineageViewState;
  /** The columns of the asset whose lineage it is. */
  columns: readonly string[];
  onChange: (change: Partial<LineageViewState>) => void;
}

/** Which way, how far, of which column, and in which form the lineage is shown. */
export function LineageToolbar({ state, columns, onChange }: LineageToolbarProps) {
  const styles = useStyles();
  const depths = state.depth === undefined || DEPTHS.includes(state.depth) ? DEPTHS : [...DEPTHS, state.depth];
  return (
    <div className={styles.toolbar}>
      <Field label="Direction" size="small">
        <Select
          value={state.direction}
          onChange={(_, { value }) => onChange({ direction: value as LineageViewState["direction"], expansions: [] })}
        >
          <option value="both">Both ways</option>
          <option value="input">What it comes from</option>
          <option value="output">What it feeds</option>
        </Select>
      </Field>
      <Field label="Depth" size="small">
        <Select
          value={state.depth === undefined ? "" : String(state.depth)}
          onChange={(_, { value }) => onChange({ depth: value === "" ? undefined : Number(value), expansions: [] })}
        >
          <option value="">Automatic</option>
          {depths.map((depth) => (
            <option key={depth} value={depth}>
              {depth === 1 ? "1 step" : `${depth} steps`}
            </option>
          ))}
        </Select>
      </Field>
      {columns.length > 0 && (
        <Field label="Column" size="small" className={styles.column}>
          <Select
            value={state.column ?? ""}
            onChange={(_, { value }) => onChange({ column: value === "" ? undefined : value })}
          >
            <option value="">All columns</option>
            {columns.map((column) => (
              <option key={column} value={column}>
                {column}
              </option>
            ))}
          </Select>
        </Field>
      )}
      <TabList
        className={styles.views}
        size="small"
        selectedValue={state.view}
        onTabSelect={(_, { value }) => onChange({ view: value === "list" ? "list" : "graph" })}
        aria-label="View"
      >
        <Tab value="graph" icon={<Flow20Regular />}>
          Graph
        </Tab>
        <Tab value="list" icon={<TextBulletListTree20Regular />}>
          List
        </Tab>
      </TabList>
    </div>
  );
}
