/** The verbs of lbctl that look at traffic and at what happens: top, logs, events, explain. */
import { DURATION_PATTERN, parseDuration } from '@lb/shared/config/units';
import { statusRange } from '@lb/shared/model/log-filter';
import { systemClock } from '@lb/shared/time/clock';
import { InvalidArgumentError, type Command } from 'commander';
import type { VerbSetting } from './backend-verbs.ts';
import { events } from './commands/events.ts';
import { logs } from './commands/logs.ts';
import { explain, explainPast } from './commands/explain.ts';
import { top } from './commands/top.ts';
import { EXIT } from './exit-codes.ts';

/** Lines of the past without -n. */
const DEFAULT_LINES = 10;

interface EventFlags {
  readonly follow?: boolean;
  readonly since?: string;
}

interface LogFlags {
  readonly follow?: boolean;
  readonly lines: number;
  readonly route?: string;
  readonly backend?: string;
  readonly status?: string;
}

interface ExplainFlags {
  readonly header?: readonly (readonly [name: string, value: string])[];
  readonly from?: string;
  readonly id?: string;
}

/** Adds them to the program. */
export function addObserveVerbs(program: Command, { surroundings, exit }: VerbSetting): void {
  program
    .command('top')
    .description('traffic and backends, live, on the whole screen')
    .option('--once', 'print one picture as plain text')
    .action(async ({ once }: { once?: boolean }, command: Command) => {
      exit(await top(surroundings(command), once === true));
    });

  program
    .command('logs')
    .description('requests as the access log has them, wherever it goes')
    .option('-f, --follow', 'go on with those that end')
    .option('-n, --lines <n>', 'so many of the past', lineCount, DEFAULT_LINES)
    .option('--route <name>', 'of this route alone; "none": those that matched none')
    .option('--backend <pool/backend>', 'of this backend alone; its name alone will do')
    .option('--status <status>', 'answered so, such as 404 or 5xx', status)
    .action(async ({ follow, ...wish }: LogFlags, command: Command) => {
      exit(await logs(surroundings(command), { ...wish, follow: follow === true }));
    });

  program
    .command('events')
    .description('what happened: health, ejections, reloads, workers, who changed what')
    .option('-f, --follow', 'go on with what happens')
    .option('--since <when>', 'after this id, since this time, or as long ago, such as 10m', since)
    .action(async ({ follow, since: mark }: EventFlags, command: Command) => {
      exit(await events(surroundings(command), { follow: follow === true, since: mark }));
    });

  program
    .command('explain')
    .description('what would become of a request, and why')
    .argument('[method]', 'such as GET')
    .argument('[url]', 'such as http://example.com/path')
    .option('-H, --header <header>', '"Name: value"; may be given again', header)
    .option('--from <ip>', 'the other end of the connection (default 127.0.0.1)')
    .option(
      '--id <request-id>',
      'a request that went wrong or was slow, in place of one that might come',
    )
    .action(async (...args: [string | undefined, string | undefined, ExplainFlags, Command]) => {
      const [method, url, { header: headers = [], from, id }, command] = args;
      const call = surroundings(command);
      if (id !== undefined && method === undefined) {
        exit(await explainPast(call, id));
      } else if (id === undefined && method !== undefined && url !== undefined) {
        const clientIp = from === undefined ? {} : { clientIp: from };
        const request = { method, url, headers: Object.fromEntries(headers), ...clientIp };
        exit(await explain(call, request));
      } else {
        call.output.error('expected METHOD and URL, or --id alone');
        exit(EXIT.usage);
      }
    });
}

function lineCount(text: string): number {
  if (/^\d{1,4}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('expected a whole number from 0 to 9999.');
}

function status(text: string): string {
  if (statusRange(text) !== undefined) return text;
  throw new InvalidArgumentError('expected a status such as "404", or a class such as "5xx".');
}

function since(text: string): string {
  if (DURATION_PATTERN.test(text))
    return new Date(systemClock.wallMs() - parseDuration(text)).toISOString();
  if (/^\d+$/.test(text) || !Number.isNaN(Date.parse(text))) return text;
  throw new InvalidArgumentError(
    'expected the id of an event, a time such as "2026-01-31T12:00:00Z", or a duration such as "10m".',
  );
}

function header(
  text: string,
  before: readonly (readonly [string, string])[] = [],
): readonly (readonly [string, string])[] {
  const [, name = '', value = ''] = /^([^:\s]+):\s*(.*)$/s.exec(text) ?? [];
  if (name === '') throw new InvalidArgumentError('expected "Name: value".');
  return [...before, [name, value]];
}
