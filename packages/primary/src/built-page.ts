/** Where `npm run build` puts the dashboard. */

/** The folder; this file stands beside both src/ and dist/. */
export const BUILT_PAGE: URL = new URL('../dist/dashboard/', import.meta.url);
