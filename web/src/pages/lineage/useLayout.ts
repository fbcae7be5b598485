import { useEffect, useRef, useState } from "react";
import type { Box, Link, Position } from "./layout.ts";
import type { LayoutAnswer, LayoutRequest } from "./layout.worker.ts";

/**
 * Positions of `boxes`, worked out in a worker so that a large graph never freezes the page.
 *
 * Undefined at first; afterwards the latest positions known, until those of newer boxes are there. Both arguments must
 * keep their identity while they are the same.
 */
export function useLayout(boxes: readonly Box[], links: readonly Link[]): ReadonlyMap<string, Position> | undefined {
  const [positions, setPositions] = useState<ReadonlyMap<string, Position>>();
  const worker = useRef<Worker>(undefined);
  const latest = useRef(0);

  useEffect(() => {
    const started = new Worker(new URL("./layout.worker.ts", import.meta.url), { type: "module" });
    started.addEventListener("message", ({ data }: MessageEvent<LayoutAnswer>) => {
      if (data.id === latest.current) setPositions(data.positions);
    });
    worker.current = started;
    return () => started.terminate();
  }, []);

  useEffect(() => {
    latest.current += 1;
    const request: LayoutRequest = { id: latest.current, boxes, links };
    worker.current?.postMessage(request);
  }, [boxes, links]);

  return positions;
}
