/** The configuration of `lbctl start --listen :8080 --to http://a --to http://b`, which needs no file. */
import { checkTree } from './check.ts';
import type { ConfigError } from './config-error.ts';
import { type Path, type Problem, at, formatPath, locatedFrom } from './located.ts';
import type { ParsedConfig } from './parse.ts';

/** The flags, as they were given; undefined for those that were not. */
export interface ConfigArguments {
  readonly listen: string | undefined;
  readonly to: readonly string[];
  readonly admin: string | undefined;
  readonly workers: string | number | undefined;
}

const POOL = 'default';

/** One listener, one pool named `default`, one route to it. Errors name the flag in `path` and have no line. */
export function configFromArguments(flags: ConfigArguments): ParsedConfig {
  const { listen = ':8080', to, admin, workers } = flags;
  const tree = locatedFrom({
    listeners: [{ bind: listen }],
    pools: { [POOL]: { backends: to } },
    ...(admin === undefined ? {} : { admin: { bind: admin } }),
    ...(workers === undefined ? {} : { workers: wholeNumber(workers) }),
  });
  const checked = checkTree(tree, [], () => {
    throw new Error('flags name no files');
  });
  const explain = (problems: readonly Problem[]): ConfigError[] =>
    problems.map(({ path, message, hint }) => {
      const node = at(tree, ...path);
      const value = node?.kind === 'scalar' ? `, found ${JSON.stringify(node.value)}` : '';
      const place = { file: '', path: flagOf(path), line: 0, column: 0, length: 0, excerpt: null };
      return { ...place, message: `${message}${value}`, hint };
    });
  if (checked.config === null) return { ok: false, errors: explain(checked.problems) };
  return { ok: true, ...checked, warnings: explain(checked.warnings) };
}

function wholeNumber(value: string | number): string | number {
  return typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
}

function flagOf(path: Path): string {
  switch (path[0]) {
    case 'listeners':
      return '--listen';
    case 'pools':
      return '--to';
    case 'admin':
      return '--admin';
    case 'workers':
      return '--workers';
    default:
      return formatPath(path);
  }
}
