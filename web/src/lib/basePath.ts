/**
 * The path that every address of this server begins with: "" at the root, or like "/headwater" behind a proxy. The
 * server writes it into the page; Vite's own server leaves the `./` that stands there, and serves at the root.
 */
export const basePath = stated(document.querySelector<HTMLMetaElement>('meta[name="base-path"]')?.content);

function stated(content: string | undefined): string {
  return content?.startsWith("/") ? content.replace(/\/$/, "") : "";
}
