/** The stages of a route, in the order in which they run; one that is off is not in the list. */
import type { RouteConfig } from '@lb/shared/config/schema/root';
import { createAccessStage } from './access.ts';
import type { Stage } from './stage.ts';

export function buildPipeline(route: RouteConfig): readonly Stage[] {
  return [
    // First, because it costs least and a refused client should not reach anything else.
    createAccessStage(route.access),
  ].filter((stage) => stage !== undefined);
}
