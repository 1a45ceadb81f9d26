/** `lbctl plan`: what a reload would change, and what that does to traffic. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type {
  PlannedChange,
  PlanReply,
  ReloadRefusal,
  StatusReply,
} from '@lb/shared/admin-api/contract';
import { formatConfigErrors } from '@lb/shared/config/diagnostics';
import { type FileText, unreadable } from '../../config/config-origin.ts';
import { EXIT } from '../exit-codes.ts';
import type { Output } from '../output.ts';
import type { ClientCall } from './client.ts';
import { withInstance } from './client.ts';
import { wholeErrors } from './reload.ts';

/**
 * Prints each change and, below it, what it touches. The exit code is 0 with and without changes, 2 for a file that a reload
 * would refuse. A file that is named with -c and is not the instance's own is compared in place of that.
 */
export function plan(call: ClientCall): Promise<number> {
  const { output, options, context } = call;
  return withInstance(call, async (client) => {
    const { config } = await client.get<StatusReply>('/api/v1/status');
    const named = options.config;
    const path = named === undefined ? null : resolve(context.cwd, named);
    let candidate: FileText | undefined;
    if (named !== undefined && path !== null && path !== config.path) {
      try {
        candidate = { path, shown: named, text: readFileSync(path, 'utf8') };
      } catch (error) {
        output.report(formatConfigErrors([unreadable(named, error)]));
        return EXIT.usage;
      }
    }
    const { body } = await client.post<PlanReply | ReloadRefusal>('/api/v1/plan', candidate);
    if ('errors' in body) {
      const errors = wholeErrors(body);
      if (options.json === true) output.json({ errors });
      else {
        output.report(formatConfigErrors(errors));
        output.error('a reload would be refused: nothing would change');
      }
      return EXIT.usage;
    }
    if (options.json === true) output.json(body);
    else if (body.changes.length === 0) output.message('a reload would change nothing');
    else for (const line of planLines(body.changes, output)) output.data(line);
    return EXIT.ok;
  });
}

/** Two lines a change. */
function planLines(changes: readonly PlannedChange[], output: Pick<Output, 'paint'>): string[] {
  return changes.flatMap(({ text, touches }) => [text, output.paint(`  ${touches}`, 'dim')]);
}
