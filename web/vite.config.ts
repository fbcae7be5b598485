import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// `npm run dev` serves the sources and hands API calls to a running `headwater serve`.
const server = process.env.HEADWATER_URL ?? "http://127.0.0.1:8400";

export default defineConfig({
  // The server writes the base path it has into the pages (`./` in them is where it begins); all else is relative.
  base: "./",
  plugins: [react()],
  build: {
    target: "es2024",
    // Inlined assets would need `data:` sources in the content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // Swagger UI comes as one file.
    chunkSizeWarningLimit: 1600,
    rolldownOptions: { input: ["index.html", "docs.html"] },
  },
  server: {
    proxy: Object.fromEntries(["/api", "/docs", "/openapi.json", "/healthz", "/readyz"].map((path) => [path, server])),
  },
});
