/** A balancer that takes part: lbctl or a peer, set up alike as far as each can be. */
import type { Instance } from '../../support/lbctl.ts';
import type { Passed } from '../logs.ts';

export interface Rig {
  readonly name: string;
  /** Whether its program is there. */
  isInstalled(): boolean;
  /** Resolves when it takes connections. */
  start(site: Site): Promise<Balancer>;
}

/** Where it is to stand. */
export interface Site {
  /** Empty, and its own. */
  readonly folder: string;
  /** Where it listens; a peer needs a port, lbctl chooses. */
  readonly host: string;
  readonly port: number;
  /** host:port */
  readonly backends: readonly string[];
  readonly settings: Settings;
  /** A program that starts it, with its arguments. */
  readonly through: readonly string[];
}

/** What a case asks of the pool beyond what all have (settings.ts). */
export interface Settings {
  /** Keys of the pool in lb.yaml. */
  readonly lbctl?: Readonly<Record<string, unknown>>;
  /** Of its passiveHealth, beside what all cases have. */
  readonly passiveHealth?: Readonly<Record<string, unknown>>;
  /** Other pools than `web`, and other sections, of lb.yaml. */
  readonly pools?: Readonly<Record<string, object>>;
  readonly sections?: Readonly<Record<string, unknown>>;
  /** Of lbctl's listener. */
  readonly limits?: Readonly<Record<string, unknown>>;
  /** Requests at the same time per backend, where it can be said. */
  readonly maxConnections?: number;
}

/** One that runs. */
export interface Balancer extends AsyncDisposable {
  readonly port: number;
  readonly pid: number;
  /** What it has logged so far. */
  passed(): Promise<readonly Passed[]>;
  /** Of lbctl alone: itself, and a reload with other settings, which throws unless it is applied. */
  readonly instance?: Instance;
  readonly reload?: (settings: Settings) => Promise<void>;
}
