import { useEffect, useState } from "react";

/** How many of `seconds` are left since `start`, a time in milliseconds; never less than 0. */
export function secondsLeft(start: number, seconds: number, now: number): number {
  return Math.max(0, Math.ceil(seconds - (now - start) / 1000));
}

/** The seconds that are left since `start`, kept true on the screen. */
export function useCountdown(start: number, seconds: number): number {
  const [now, setNow] = useState(Date.now);
  const left = secondsLeft(start, seconds, now);
  useEffect(() => {
    setNow(Date.now());
    const timer = window.setInterval(() => {
      setNow(Date.now());
      if (secondsLeft(start, seconds, Date.now()) === 0) window.clearInterval(timer);
    }, 250);
    return () => window.clearInterval(timer);
  }, [start, seconds]);
  return left;
}
