import { useEffect, useState } from "react";
import { formatAgo, formatTime } from "../lib/format.ts";

/** "3 minutes ago", kept true while it is on the screen; the exact time shows on hover. */
export function TimeAgo({ iso }: { iso: string }) {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = window.setInterval(() => setNow(Date.now()), 30_000);
    return () => window.clearInterval(timer);
  }, []);
  return (
    <time dateTime={iso} title={formatTime(iso)}>
      {formatAgo(iso, now)}
    </time>
  );
}
