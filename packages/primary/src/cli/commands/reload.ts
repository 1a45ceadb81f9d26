/** `lbctl reload`: reads the configuration again, in place. */
import type { ReloadRefusal, ReloadReply } from '@lb/shared/admin-api/contract';
import { formatConfigErrors } from '@lb/shared/config/diagnostics';
import type { ConfigError } from '@lb/shared/config/parse';
import { EXIT } from '../exit-codes.ts';
import type { ClientCall } from './client.ts';
import { withInstance } from './client.ts';

/** Prints what changed, a line each, or every mistake; exit code 2 when the file is refused. */
export function reload(call: ClientCall): Promise<number> {
  const { output, options } = call;
  return withInstance(call, async (client) => {
    const { body } = await client.post<ReloadReply | ReloadRefusal>('/api/v1/reload');
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
    return EXIT.ok;
  });
}

/** The instance of the same version sends whole errors, with file and excerpt; another one at least what the contract says. */
function wholeErrors({ errors }: ReloadRefusal): ConfigError[] {
  return errors.map((error) => ({ file: '', length: 1, excerpt: null, ...error }));
}
