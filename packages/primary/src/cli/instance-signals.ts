/** What the signals mean to a running instance. */
import type { Logger } from '@lb/shared/logging/logger';
import type { Primary } from '../primary.ts';
import type { CliContext } from './cli-context.ts';
import { EXIT } from './exit-codes.ts';

/** The part of an instance that signals reach. */
export type Signalled = Pick<Primary, 'stop' | 'kill' | 'hangUp' | 'roll'>;

/**
 * TERM and INT stop gracefully, and at once when they come again; QUIT stops at once; HUP reloads; USR2 replaces the workers.
 * Returns the exit code of an instance that ended now: 130 when Ctrl-C began it, 1 when a graceful stop was cut short.
 */
export function handleSignals(
  instance: Signalled,
  onSignal: CliContext['onSignal'],
  log: Logger,
): () => number {
  let stops = 0;
  let isInterrupted = false;
  const run = (action: () => Promise<unknown>): void => {
    action().catch((error: unknown) => log.fatal({ err: error }, 'signal could not be handled'));
  };
  const stop = (): void => {
    stops += 1;
    run(() => (stops === 1 ? instance.stop() : instance.kill()));
  };
  onSignal('SIGTERM', stop);
  onSignal('SIGINT', () => {
    isInterrupted ||= stops === 0;
    stop();
  });
  onSignal('SIGQUIT', () => run(() => instance.kill()));
  onSignal('SIGHUP', () => run(() => instance.hangUp()));
  onSignal('SIGUSR2', () => run(() => instance.roll()));
  return () => {
    if (isInterrupted) return EXIT.interrupted;
    return stops > 1 ? EXIT.failure : EXIT.ok;
  };
}
