/** `lbctl reload`: reads the configuration again, in place. */
import type { GuardReply, ReloadRefusal, ReloadReply } from '@lb/shared/admin-api/contract';
import { formatConfigErrors } from '@lb/shared/config/diagnostics';
import type { ConfigError } from '@lb/shared/config/parse';
import { formatDuration } from '@lb/shared/config/units';
import { EXIT } from '../exit-codes.ts';
import type { ClientCall } from './client.ts';
import { withInstance } from './client.ts';

/** What the instance may take to apply it, beside the guard. */
const APPLY_MS = 60_000;

/**
 * Prints what changed, a line each, or every mistake; exit code 2 when the file is refused. With a guard it waits for the
 * verdict: exit code 1 unless the configuration was kept. Ctrl-C ends the waiting, not the guard.
 */
export function reload(call: ClientCall, guardMs?: number): Promise<number> {
  const { output, options } = call;
  return withInstance(call, async (client) => {
    const guard = guardMs === undefined ? undefined : `${guardMs}ms`;
    if (guardMs !== undefined)
      output.message(`reloading, and watching traffic for ${formatDuration(guardMs)}`);
    const { body } = await client.post<ReloadReply | ReloadRefusal>(
      '/api/v1/reload',
      guard && { guard },
      APPLY_MS + (guardMs ?? 0),
    );
    if ('errors' in body) {
      const errors = wholeErrors(body);
      if (options.json === true) output.json({ applied: false, errors });
      else {
        output.report(formatConfigErrors(errors));
        output.error('not reloaded: the configuration in force stays');
      }
      return EXIT.usage;
    }
    if (options.json === true) output.json(body);
    else if (body.changes.length === 0) output.message('reloaded, nothing changed');
    else for (const change of body.changes) output.data(change);
    return body.guard === undefined ? EXIT.ok : verdict(call, body.guard);
  });
}

const VERDICTS: Readonly<Record<GuardReply['verdict'], string>> = {
  kept: 'stays in force',
  reverted: 'taken back, the configuration before is in force',
  failed: 'made traffic worse, and stays in force',
  superseded: 'not watched to the end',
  stopped: 'not watched to the end',
};

function verdict({ output }: ClientCall, { verdict: word, reason }: GuardReply): number {
  const sentence = `${VERDICTS[word]}: ${reason}`;
  if (word === 'kept') output.message(sentence);
  else output.error(sentence);
  return word === 'kept' ? EXIT.ok : EXIT.failure;
}

/** The instance of the same version sends whole errors, with file and excerpt; another one at least what the contract says. */
export function wholeErrors({ errors }: ReloadRefusal): ConfigError[] {
  return errors.map((error) => ({ file: '', length: 1, excerpt: null, ...error }));
}
