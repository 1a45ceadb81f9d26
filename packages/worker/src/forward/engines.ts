/** The engines of a worker, as its configuration names them, and what opens tunnels. */
import type { Clock } from '@lb/shared/time/clock';
import type { ChunkPool } from '../http1/chunk-pool.ts';
import type { WriteBatch } from '../http1/write-batch.ts';
import { TracedForwarder, TracedTunnelOpener } from '../tracing/traced-engines.ts';
import type { Forwarders } from './forwarder.ts';
import { HttpProxy3Forwarder } from './http-proxy-3.ts';
import { HttpProxy3TunnelOpener } from './http-proxy-3/tunnel-opener.ts';
import { NativeForwarder } from './native.ts';
import type { TunnelOpener } from './tunnel.ts';

export interface EngineTools {
  readonly clock: Clock;
  readonly chunks: ChunkPool;
  readonly writes: WriteBatch;
}

export interface Engines {
  readonly forwarders: Forwarders;
  readonly tunnelOpener: TunnelOpener;
}

/** Constructs them; all tell the spans of tries what comes of them. */
export function createEngines({ clock, chunks, writes }: EngineTools): Engines {
  return {
    forwarders: {
      native: new TracedForwarder(new NativeForwarder(chunks, writes)),
      'http-proxy-3': new TracedForwarder(new HttpProxy3Forwarder(clock)),
    },
    tunnelOpener: new TracedTunnelOpener(new HttpProxy3TunnelOpener(clock)),
  };
}
