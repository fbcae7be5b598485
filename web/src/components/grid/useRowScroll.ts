import { type RefObject, useCallback, useEffect, useRef, useState } from "react";
import { maxTop, type RowList, scrollTopOf, topAfterScroll, topToReveal } from "./rowWindow.ts";

const IDLE_MS = 150;

interface RowScrollOptions {
  element: RefObject<HTMLElement | null>;
  list: RowList;
  /** The row that shows first; a new number brings it there. */
  firstRow: number;
  /** Told which row shows first, whenever scrolling comes to rest. */
  onFirstRowChange: (row: number) => void;
}

interface RowScroll {
  /** How far the first visible pixel is from the first row's top. */
  top: number;
  onScroll: () => void;
  reveal: (row: number) => void;
}

/** Scrolls rows of any number in `element`: keeps {@link RowScroll.top} and the scroll bar in step. */
export function useRowScroll({ element, list, firstRow, onFirstRowChange }: RowScrollOptions): RowScroll {
  const [top, setTop] = useState(0);
  const current = useRef({ top: 0, scrollTop: 0, reportedRow: 0 });
  const idle = useRef(0);

  const moveTo = useCallback(
    (target: number) => {
      const moved = Math.min(Math.max(target, 0), maxTop(list));
      current.current.top = moved;
      setTop(moved);
      if (element.current === null) return;
      element.current.scrollTop = scrollTopOf(list, moved);
      // Read back: the browser rounds, and the scroll event that follows must find no step to take.
      current.current.scrollTop = element.current.scrollTop;
    },
    [element, list],
  );

  const comeToRest = useCallback(() => {
    moveTo(current.current.top);
    const row = Math.floor(current.current.top / list.rowHeight);
    if (row === current.current.reportedRow) return;
    current.current.reportedRow = row;
    onFirstRowChange(row);
  }, [list, moveTo, onFirstRowChange]);

  const restSoon = useCallback(() => {
    window.clearTimeout(idle.current);
    idle.current = window.setTimeout(comeToRest, IDLE_MS);
  }, [comeToRest]);

  const onScroll = useCallback(() => {
    if (element.current === null) return;
    const { scrollTop } = element.current;
    const previous = current.current;
    if (scrollTop === previous.scrollTop) return;
    previous.top = topAfterScroll(list, previous.top, previous.scrollTop, scrollTop);
    previous.scrollTop = scrollTop;
    setTop(previous.top);
    restSoon();
  }, [element, list, restSoon]);

  const reveal = useCallback(
    (row: number) => {
      const target = topToReveal(list, current.current.top, row);
      if (target === current.current.top) return;
      moveTo(target);
      restSoon();
    },
    [list, moveTo, restSoon],
  );

  useEffect(() => () => window.clearTimeout(idle.current), []);

  useEffect(() => {
    if (list.viewportHeight === 0 || firstRow === current.current.reportedRow) return;
    current.current.reportedRow = firstRow;
    moveTo(firstRow * list.rowHeight);
  }, [firstRow, list, moveTo]);

  return { top: Math.min(top, maxTop(list)), onScroll, reveal };
}
