/** How numbers and times are written for a reader, in the browser's language. */

const wholeNumber = new Intl.NumberFormat();
const dateAndTime = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const relativeTime = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });

/** `336776` → "336,776". */
export function formatCount(count: number): string {
  return wholeNumber.format(count);
}

/** "1 row", "336,776 rows": the English plural of a noun that only takes an s. */
export function countOf(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** An ISO time as local date and time. */
export function formatTime(iso: string): string {
  return dateAndTime.format(new Date(iso));
}

const STEPS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
];

/** An ISO time as the distance from `now` (milliseconds): "3 minutes ago". */
export function formatAgo(iso: string, now: number): string {
  const seconds = Math.round((new Date(iso).getTime() - now) / 1000);
  for (const [unit, length] of STEPS) {
    if (Math.abs(seconds) >= length) return relativeTime.format(Math.trunc(seconds / length), unit);
  }
  return relativeTime.format(0, "second");
}

/** The time from one ISO time to another: "48 s", "3 min 5 s", "2 h 10 min". */
export function formatDuration(start: string, end: string): string {
  return formatSeconds(Math.max(0, Math.round((new Date(end).getTime() - new Date(start).getTime()) / 1000)));
}

/** Whole seconds as a duration: "48 s", "3 min 5 s", "2 h 10 min". */
export function formatSeconds(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3_600)} h ${Math.floor((seconds % 3_600) / 60)} min`;
}
