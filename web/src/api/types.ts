/**
 * The names under which the app knows what the server answers.
 *
 * They are read off the paths, not off the schema names, so that renaming a class on the server changes nothing here.
 */
import type { paths } from "./schema.ts";

type Answer<Path extends keyof paths> = paths[Path] extends {
  get: { responses: { 200: { content: { "application/json": infer Body } } } };
}
  ? Body
  : never;

export type Me = Answer<"/api/me">;
export type SignInWays = Answer<"/api/sign-in">;
/** Somewhere else that people are known, and sign in by. */
export type Provider = SignInWays["providers"][number];
export type Overview = Answer<"/api/overview">;
export type RefreshSummary = NonNullable<Overview["latest_refresh"]>;
export type TableSummary = Answer<"/api/tables">["value"][number];
export type Table = Answer<"/api/tables/{dataflow}/{entity}">;
export type Column = Table["schema"][number];
export type ColumnType = Column["type"];
export type Rows = Answer<"/api/tables/{dataflow}/{entity}/rows">;
export type Asset = Answer<"/api/assets/{guid}">;
export type Lineage = Answer<"/api/lineage/{guid}">;
export type LineageNode = Lineage["nodes"][number];
export type LineageEdge = Lineage["edges"][number];

/** Which way lineage is followed from an asset: to what it comes from, to what it feeds, or both. */
export type Direction = "input" | "output" | "both";
