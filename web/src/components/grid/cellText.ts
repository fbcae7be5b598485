import type { ColumnType } from "../../api/types.ts";

const NUMBERS: ReadonlySet<string> = new Set(["number", "int64", "decimal"]);
const WIDTHS: Readonly<Record<string, number>> = {
  text: 160,
  number: 144,
  date: 112,
  time: 112,
  logical: 96,
  datetime: 168,
  datetimezone: 208,
};
const DEFAULT_WIDTH = 128;
const MAX_WIDTH = 320;
/** What one letter of a heading takes, and the icon and button beside it. */
const LETTER_WIDTH = 7.5;
const HEADING_EXTRAS = 76;

/** What a cell says; undefined for null, which is drawn and not written. */
export function cellText(type: ColumnType, value: unknown): string | undefined {
  if (value === null || value === undefined) return undefined;
  if (typeof value === "object") return JSON.stringify(value);
  const text = String(value);
  return type === "datetime" || type === "datetimezone" ? text.replace("T", " ") : text;
}

/** Numbers stand at the right, so that their digits line up. */
export function isNumeric(type: ColumnType): boolean {
  return NUMBERS.has(type);
}

/** How wide a column starts, in pixels: its heading fits, up to a limit. */
export function columnWidth(column: { name: string; type: ColumnType }): number {
  const heading = column.name.length * LETTER_WIDTH + HEADING_EXTRAS;
  return Math.round(Math.min(MAX_WIDTH, Math.max(WIDTHS[column.type] ?? DEFAULT_WIDTH, heading)));
}
