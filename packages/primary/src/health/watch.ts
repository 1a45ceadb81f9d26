/** How the health of one backend is followed: by probes (probe-watch.ts) or by real traffic alone (trial-watch.ts). */
import type { Clock, Random } from '@lb/shared/time/clock';
import type { Logger } from 'pino';
import type { BackendIdentity } from './health-record.ts';
import type { Probe, ProbeResult } from './probes/probe.ts';

/** Stops a scheduled call; harmless when it ran already. */
export type Cancel = () => void;

/** Calls `run` once, after `delayMs`. */
export type Schedule = (delayMs: number, run: () => void) => Cancel;

/** The system's timers. */
export const systemSchedule: Schedule = (delayMs, run) => {
  const timer = setTimeout(run, delayMs);
  return () => clearTimeout(timer);
};

/** One probe, with its result. */
export interface ProbeEvent extends BackendIdentity, ProbeResult {}

/** What a watch is handed. */
export interface WatchTools {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly schedule: Schedule;
  readonly onProbe: (event: ProbeEvent) => void;
  readonly probe: Probe;
}

/** Follows one backend until it is closed. */
export interface Watch {
  /** Real traffic could not connect: the backend is down before this returns. */
  reportFailure(reason: string): void;
  /** Real traffic speaks against the backend otherwise: where it is probed, it is probed soon, and a failure counts at once. */
  doubt(): void;
  /** Clears the timers and ends a probe in flight without its result. */
  close(): void;
}
