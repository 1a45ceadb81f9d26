/** A program that takes part: a way to start it as a proxy, in front of the backends, in one process or on one CPU. */
import type { Command } from '../processes.ts';
import type { Tool } from '../tools.ts';

export interface Contestant {
  /** In tables and on the command line. */
  readonly name: string;
  /** What must be installed. */
  readonly needs?: Tool;
  /** Runs on Node, so its garbage can be collected before memory is measured. */
  readonly isNode: boolean;
  /** Runs on both CPUs, one of which it shares with load and backends. */
  readonly spansCpus?: boolean;
  /** How many backends it is to have. */
  readonly backends: number;
  /** Writes what the program reads into the folder, and says what to start. Ready when its port answers. */
  command(site: Site): Command;
}

/** Where a contestant is to stand. */
export interface Site {
  /** Its own, empty. */
  readonly folder: string;
  /** On 127.0.0.1. */
  readonly port: number;
  /** host:port */
  readonly backends: readonly string[];
  /** Path of the program that it needs, '' for none. */
  readonly tool: string;
  /** Unix socket of a Redis, for a contestant that needs one. */
  readonly redisSocket: string;
}

/** Backends of every contestant, where their number is not what is measured. */
export const USUAL_BACKENDS = 3;
