/** Tables under their dataflows; both in the order of their names as the reader's language has it. */
export function groupByDataflow<Item extends { dataflow: string; entity: string }>(
  tables: readonly Item[],
): [string, Item[]][] {
  const groups = Map.groupBy(tables, (table) => table.dataflow);
  for (const group of groups.values()) group.sort((left, right) => left.entity.localeCompare(right.entity));
  return [...groups].sort(([left], [right]) => left.localeCompare(right));
}
