/** Which configuration file is meant: -c, else $LBCTL_CONFIG, else ./lb.yaml, else /etc/lbctl/lb.yaml. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { CliContext, GlobalOptions } from './cli-context.ts';

/** Looked for, in this order, when no file is named. */
const DEFAULT_CONFIG_PATHS: readonly string[] = ['lb.yaml', '/etc/lbctl/lb.yaml'];

/** `shown` is what the user would call it, `path` is absolute. A file that was named may not exist. */
export interface ConfigLocation {
  readonly shown: string;
  readonly path: string;
}

/** Finds the file, or returns undefined when none was named and none of the default places has one. */
export function locateConfig(
  options: Pick<GlobalOptions, 'config'>,
  context: Pick<CliContext, 'env' | 'cwd'>,
): ConfigLocation | undefined {
  const fromEnv = context.env['LBCTL_CONFIG'];
  const named = options.config ?? (fromEnv === '' ? undefined : fromEnv);
  const shown =
    named ?? DEFAULT_CONFIG_PATHS.find((path) => existsSync(resolve(context.cwd, path)));
  return shown === undefined ? undefined : { shown, path: resolve(context.cwd, shown) };
}

/** The sentence for when there is none. */
export const NO_CONFIG_MESSAGE = `no configuration file: looked for ./lb.yaml and /etc/lbctl/lb.yaml; name one with -c or $LBCTL_CONFIG, or start without one: lbctl start --listen :8080 --to http://127.0.0.1:9001`;
