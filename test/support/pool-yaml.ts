/** Configurations with one pool. */

/** The text for a pool `web` with these backends. @param pool its other keys */
export function poolYaml(backends: readonly (string | object)[], pool: object = {}): string {
  return `pools: ${JSON.stringify({ web: { backends, ...pool } })}\n`;
}
