/** What every request needs from its worker; put together in worker.ts. */
import type { SessionStore } from '@lb/shared/store/store';
import type { Clock, Random } from '@lb/shared/time/clock';
import type { Logger } from 'pino';
import type { Backend } from '../balancing/backend.ts';
import type { Forwarders } from '../forward/forwarder.ts';
import type { ShortageLog } from '../forward/shortage-log.ts';
import type { TunnelOpener, Tunnels } from '../forward/tunnel.ts';
import type { ChunkPool } from '../http1/chunk-pool.ts';
import type { WriteBatch } from '../http1/write-batch.ts';
import type { Shedder } from '../overload/shedder.ts';
import type { Cells } from '../metrics/cells.ts';
import type { Tracer } from '../tracing/tracer.ts';
import type { RouteMetrics } from '../metrics/request-metrics.ts';
import type { Descriptors } from '../server/descriptors.ts';
import type { AccessLog } from '../access-log/access-log.ts';
import type { AccessTap } from '../access-log/access-tap.ts';
import type { TrustedProxies } from './client-ip.ts';
import type { HttpDate } from './http-date.ts';
import type { PastRequests } from './past-requests.ts';
import type { RequestIds } from './request-id.ts';
import type { RouteTable } from './route-table.ts';

/** A snapshot, compiled. */
export interface Runtime {
  readonly routes: RouteTable;
  readonly trustedProxies: TrustedProxies;
  readonly requestIdHeader: string;
  /** In lower case. */
  readonly requestIdName: string;
  /** Heads have marks on fields of this name; else it has to be looked for. */
  readonly requestIdIsMarked: boolean;
  /** undefined while tracing is off. */
  readonly tracer: Tracer | undefined;
}

export interface Services {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly cells: Cells;
  /** What workers and instances agree through. */
  readonly store: SessionStore;
  readonly accessLog: AccessLog;
  readonly accessTap: AccessTap;
  readonly pastRequests: PastRequests;
  readonly requestIds: RequestIds;
  readonly dates: HttpDate;
  readonly chunks: ChunkPool;
  readonly writes: WriteBatch;
  readonly forwarders: Forwarders;
  readonly tunnelOpener: TunnelOpener;
  readonly tunnels: Tunnels;
  readonly shortages: ShortageLog;
  readonly shedder: Shedder;
  readonly descriptors: Descriptors;
  /** Counts requests that matched no route. */
  readonly noRoute: RouteMetrics;
  /** The runtime in force; asked once per request. */
  runtime(): Runtime;
  /** Real traffic could not connect: out of rotation here at once, and the primary is told. */
  reportUnreachable(backend: Backend, reason: string): void;
}
