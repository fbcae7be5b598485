/** The app's addresses, written in one place: what a page is reached by is what a bookmark holds. */

/** Where a published table is shown. */
export function tableAddress(dataflow: string, entity: string): string {
  return `/tables/${encodeURIComponent(dataflow)}/${encodeURIComponent(entity)}`;
}

/** Where an asset's lineage is shown, of one of its columns if `column` is given. */
export function lineageAddress(guid: string, column?: string): string {
  const search = column === undefined ? "" : `?${new URLSearchParams({ column })}`;
  return `/lineage/${encodeURIComponent(guid)}${search}`;
}
