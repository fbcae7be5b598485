import { makeStyles, tokens } from "@fluentui/react-components";
import { Braces20Regular } from "@fluentui/react-icons/svg/braces";
import { Calendar20Regular } from "@fluentui/react-icons/svg/calendar";
import { CalendarClock20Regular } from "@fluentui/react-icons/svg/calendar-clock";
import { CheckboxChecked20Regular } from "@fluentui/react-icons/svg/checkbox-checked";
import { Clock20Regular } from "@fluentui/react-icons/svg/clock";
import { Document20Regular } from "@fluentui/react-icons/svg/document";
import { GlobeClock20Regular } from "@fluentui/react-icons/svg/globe-clock";
import { List20Regular } from "@fluentui/react-icons/svg/list";
import { Timer20Regular } from "@fluentui/react-icons/svg/timer";
import type { ReactNode } from "react";
import type { ColumnType } from "../../api/types.ts";

const useStyles = makeStyles({
  icon: {
    flexShrink: 0,
    minWidth: "22px",
    display: "inline-flex",
    justifyContent: "center",
    color: tokens.colorBrandForeground1,
    fontSize: "11px",
    fontWeight: tokens.fontWeightSemibold,
    letterSpacing: "-0.2px",
  },
});

/** A type's name as a person says it, and its sign: letters and digits as analysts know them, else an icon. */
const TYPES: Readonly<Record<string, { name: string; sign: ReactNode }>> = {
  text: { name: "Text", sign: "ABC" },
  number: { name: "Decimal number", sign: "1.2" },
  int64: { name: "Whole number", sign: "123" },
  decimal: { name: "Fixed decimal number", sign: "1.00" },
  logical: { name: "True/false", sign: <CheckboxChecked20Regular /> },
  date: { name: "Date", sign: <Calendar20Regular /> },
  time: { name: "Time", sign: <Clock20Regular /> },
  datetime: { name: "Date and time", sign: <CalendarClock20Regular /> },
  datetimezone: { name: "Date, time and zone", sign: <GlobeClock20Regular /> },
  duration: { name: "Duration", sign: <Timer20Regular /> },
  binary: { name: "Binary", sign: <Document20Regular /> },
  record: { name: "Record", sign: <Braces20Regular /> },
  list: { name: "List", sign: <List20Regular /> },
};

/** The sign of a column's type; its name is read out and shows on hover. */
export function ColumnTypeIcon({ type }: { type: ColumnType }) {
  const styles = useStyles();
  // A newer server may have types that this app does not know: they go by their own names.
  const { name, sign } = TYPES[type] ?? { name: type, sign: <Document20Regular /> };
  return (
    <span className={styles.icon} role="img" aria-label={name} title={name}>
      {sign}
    </span>
  );
}
