/** What the exit code of lbctl says; scripts and systemd rely on it. */
export const EXIT = {
  ok: 0,
  /** Something went wrong while running: a port in use, a backend that refuses. */
  failure: 1,
  /** Wrong usage, or an invalid configuration. */
  usage: 2,
  /** No running instance was reached. */
  unreachable: 3,
  /** A guard refused: it would leave nothing; --force does it all the same. */
  refused: 4,
  /** `start` with an invalid configuration: EX_CONFIG, which systemd can be told not to restart on. */
  config: 78,
  /** Ctrl-C. */
  interrupted: 130,
} as const;
