/** What a request needs to know of the listener it came in by. */
import type { ListenerLimits } from '@lb/shared/config/schema/listener';
import type { ListenerMetrics } from '../metrics/request-metrics.ts';

export interface ListenerContext {
  readonly name: string;
  readonly limits: ListenerLimits;
  readonly metrics: ListenerMetrics;
}
