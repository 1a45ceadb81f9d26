/** What every verb that talks to a running instance does the same way: find it, ask it, and say so when it is not there. */
import { AdminClient, AdminRefused, AdminUnreachable } from '@lb/shared/admin-api/client';
import type { CliContext, GlobalOptions } from '../cli-context.ts';
import { EXIT } from '../exit-codes.ts';
import { findInstance, unreachableMessage } from '../find-instance.ts';
import type { Output } from '../output.ts';

export interface ClientCall {
  readonly options: GlobalOptions;
  readonly context: CliContext;
  readonly output: Output;
}

/** Runs `ask` with a client for the instance that is meant; returns the exit code. */
export async function withInstance(
  { options, context, output }: ClientCall,
  ask: (client: AdminClient) => Promise<number>,
): Promise<number> {
  const found = await findInstance(options, context);
  if (!found.ok) {
    output.error(found.message);
    return found.exitCode;
  }
  try {
    return await ask(new AdminClient({ socketPath: found.socketPath }));
  } catch (error) {
    if (error instanceof AdminUnreachable) {
      const isAbsent = error.reason === 'missing' || error.reason === 'refused';
      output.error(
        isAbsent ? unreachableMessage(found.socketPath, found.configShown) : error.message,
      );
      return EXIT.unreachable;
    }
    if (error instanceof AdminRefused) {
      output.error(error.message);
      return EXIT.failure;
    }
    throw error;
  }
}
