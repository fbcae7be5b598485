import { type Box, type Link, layoutGraph, type Position } from "./layout.ts";

export interface LayoutRequest {
  id: number;
  boxes: readonly Box[];
  links: readonly Link[];
}

export interface LayoutAnswer {
  id: number;
  positions: ReadonlyMap<string, Position>;
}

self.addEventListener("message", ({ data }: MessageEvent<LayoutRequest>) => {
  const answer: LayoutAnswer = { id: data.id, positions: layoutGraph(data.boxes, data.links) };
  self.postMessage(answer);
});
