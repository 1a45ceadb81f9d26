/** The built lbctl. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startLbctl } from '../../support/lbctl.ts';
import { readLines, type Passed } from '../logs.ts';
import type { Rig, Site } from './rig.ts';
import {
  CONNECT_TIMEOUT_MS,
  CONSECUTIVE_ERRORS,
  EJECTED_MS,
  PROBE_FALL,
  PROBE_INTERVAL_MS,
  PROBE_RISE,
  PROBE_TIMEOUT_MS,
  RESPONSE_TIMEOUT_MS,
  RETRIES,
  TRY_TIMEOUT_MS,
  WORKERS,
} from './settings.ts';

/** A line of the access log, as far as it is looked at. */
interface AccessLine {
  readonly query: string | null;
  readonly status: number;
  readonly tries: number;
}

export const lbctl: Rig = {
  name: 'lbctl',
  isInstalled: () => true,
  async start(site) {
    const log = join(site.folder, 'access.log');
    writeFileSync(log, '');
    const instance = await startLbctl(lbctlYaml(site, log), {}, { through: site.through });
    return {
      port: instance.port,
      pid: instance.child.pid ?? 0,
      instance,
      reload: async (settings) => {
        await instance.write(lbctlYaml({ ...site, settings }, log));
        const { status } = await instance.admin.post('/api/v1/reload');
        if (status !== 200) throw new Error(`the reload was answered with ${status}`);
      },
      passed: () =>
        Promise.resolve(
          readLines<AccessLine>(log).flatMap(({ query, status, tries }): Passed[] => {
            const id = /(?:^|&)id=(\d+)/.exec(query ?? '')?.[1];
            return id === undefined ? [] : [{ id: Number(id), status, tries }];
          }),
        ),
      [Symbol.asyncDispose]: () => instance[Symbol.asyncDispose](),
    };
  },
};

/** YAML reads JSON. @param log the access log, a file */
function lbctlYaml({ host, backends, settings }: Site, log: string): string {
  const sections = {
    workers: WORKERS,
    listeners: [{ bind: `${host}:0`, limits: settings.limits ?? {} }],
    pools: {
      web: {
        backends: backends.map((backend) => ({
          url: `http://${backend}`,
          maxConnections: settings.maxConnections ?? 0,
        })),
        healthCheck: {
          path: '/health',
          interval: `${PROBE_INTERVAL_MS}ms`,
          timeout: `${PROBE_TIMEOUT_MS}ms`,
          fall: PROBE_FALL,
          rise: PROBE_RISE,
        },
        timeouts: { connect: `${CONNECT_TIMEOUT_MS}ms`, response: `${RESPONSE_TIMEOUT_MS}ms` },
        retries: {
          attempts: RETRIES,
          on: ['connect', 'reset', 'timeout'],
          perTryTimeout: `${TRY_TIMEOUT_MS}ms`,
        },
        passiveHealth: {
          consecutiveErrors: CONSECUTIVE_ERRORS,
          ejectFor: `${EJECTED_MS}ms`,
          ...settings.passiveHealth,
        },
        ...settings.lbctl,
      },
      ...settings.pools,
    },
    log: { level: 'warn', access: { enabled: true, format: 'json', path: log } },
    ...settings.sections,
  };
  return Object.entries(sections)
    .map(([name, section]) => `${name}: ${JSON.stringify(section)}\n`)
    .join('');
}
