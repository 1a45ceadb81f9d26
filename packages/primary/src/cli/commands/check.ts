/** `lbctl check`: every mistake of a configuration at once, and with --probe whether its backends can be reached. */
import { formatConfigErrors } from '@lb/shared/config/diagnostics';
import type { Config } from '@lb/shared/config/schema/root';
import { backendTlsSettings } from '@lb/shared/model/backend-tls';
import { ClientContexts } from '@lb/shared/net/client-tls';
import { systemClock } from '@lb/shared/time/clock';
import { fileOrigin, type Loaded } from '../../config/config-origin.ts';
import { probeTarget } from '../../health/probes/probe-target.ts';
import { probeTls } from '../../health/probes/tls.ts';
import type { CliContext, GlobalOptions } from '../cli-context.ts';
import { NO_CONFIG_MESSAGE, locateConfig } from '../config-location.ts';
import { EXIT } from '../exit-codes.ts';
import type { Output } from '../output.ts';

export interface CheckOptions extends GlobalOptions {
  readonly probe?: boolean;
}

export interface CheckCall {
  readonly options: CheckOptions;
  readonly context: CliContext;
  readonly output: Output;
}

/** A backend that was connected to, or was not. */
interface Reached {
  readonly pool: string;
  readonly backend: string;
  readonly url: string;
  readonly ok: boolean;
  readonly detail: string;
}

/** Exit code 2 for an invalid file, 1 when a backend cannot be reached. */
export async function check({ options, context, output }: CheckCall): Promise<number> {
  const location = locateConfig(options, context);
  if (location === undefined) {
    output.error(NO_CONFIG_MESSAGE);
    return EXIT.usage;
  }
  const loaded = await fileOrigin({ ...location, env: context.env, overrides: {} }).load();
  if (!loaded.ok) {
    if (options.json === true) output.json({ ok: false, errors: loaded.errors, warnings: [] });
    else output.report(formatConfigErrors(loaded.errors));
    return EXIT.usage;
  }
  const { config, warnings } = loaded;
  const reached = options.probe === true ? await reachAll(loaded) : undefined;
  const isOk = reached?.every(({ ok }) => ok) ?? true;
  if (options.json === true) {
    output.json({ ok: isOk, errors: [], warnings, ...(reached && { backends: reached }) });
  } else {
    if (warnings.length > 0) output.report(formatConfigErrors(warnings));
    output.data(`${location.shown}: ok (${summary(config)})`);
    for (const { pool, backend, url, ok, detail } of reached ?? []) {
      output.data(`${ok ? 'ok     ' : 'REFUSED'}  ${pool}/${backend}  ${url}  ${detail}`);
    }
  }
  return isOk ? EXIT.ok : EXIT.failure;
}

function summary({ listeners, routes, pools }: Config): string {
  const backends = Object.values(pools).flatMap((pool) => pool.backends);
  return [
    count(listeners.length, 'listener'),
    count(routes.length, 'route'),
    count(Object.keys(pools).length, 'pool'),
    count(backends.length, 'backend'),
  ].join(', ');
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

/** Connects to every backend at once, as traffic would; what the health check asks for is not asked. */
function reachAll({ config, files }: Loaded): Promise<Reached[]> {
  const contexts = new ClientContexts();
  const probes = Object.entries(config.pools).flatMap(([pool, { tls, ...rest }]) => {
    const healthCheck = { ...rest.healthCheck, port: null };
    const settings = { name: pool, tls: backendTlsSettings(tls, files), healthCheck };
    const deadline = { timeoutMs: rest.timeouts.connect, clock: systemClock };
    return rest.backends.map(async ({ name, url }): Promise<Reached> => {
      const { ok, detail } = await probeTls(probeTarget(settings, url, contexts), deadline);
      return { pool, backend: name, url, ok, detail };
    });
  });
  return Promise.all(probes);
}
