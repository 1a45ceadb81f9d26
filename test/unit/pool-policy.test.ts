/** What a pool keeps of its policy over reloads and tries. */
import { expect, test } from '@jest/globals';
import type { Backend } from '@lb/worker/internal/balancing/backend';
import { Backends } from '@lb/worker/internal/balancing/backends';
import type { Pool } from '@lb/worker/internal/balancing/pool';
import { Cells } from '@lb/worker/internal/metrics/cells';
import { systemClock } from '@lb/shared/time/clock';
import { configOf } from '../support/config-text.ts';
import { poolsUp } from '../support/pools-up.ts';
import { NONE_TRIED } from '../support/fake-candidates.ts';
import { poolYaml } from '../support/pool-yaml.ts';
import { ALONE } from '../support/alone.ts';

const URLS = ['http://127.0.0.1:1', 'http://127.0.0.1:2', 'http://127.0.0.1:3'];

/** Applies one configuration of the pool after the other, and returns it as it is then. */
function reloads(): (pool: object) => Pool {
  const backends = new Backends(new Cells(), systemClock, () => 0.5, 0);
  let version = 0;
  return (pool) => {
    const config = configOf(`listeners: [{ bind: "127.0.0.1:0" }]\n${poolYaml(URLS, pool)}`);
    const pools = poolsUp(config);
    version++;
    const snapshot = { version, workerCount: 1, slotCount: URLS.length, config, ...ALONE, pools };
    const web = backends.apply(snapshot).pools.get('web');
    if (web === undefined) throw new Error('the configuration has this pool');
    return web;
  };
}

const requestOf = (tried: readonly Backend[] = []) => ({
  tried,
  hashKey: ({ kind }: { readonly kind: string }) => (kind === 'path' ? '/a' : '192.0.2.7'),
});

/** How many backends get twenty requests with one key, none of which ends. */
function backendsOfTwenty(web: Pool): number {
  const picked = Array.from({ length: 20 }, () => {
    const backend = web.pick(requestOf());
    backend?.begin();
    return backend;
  });
  for (const backend of picked) backend?.end();
  return new Set(picked).size;
}

test('a policy that nothing concerns goes on where it was', () => {
  const apply = reloads();
  const web = apply({ policy: 'round_robin' });
  const first = web.pick(NONE_TRIED);

  apply({ policy: 'round_robin', timeouts: { response: '7s' } });

  expect(web.pick(NONE_TRIED)).not.toBe(first);
});

test('another balance factor takes effect at once', () => {
  const apply = reloads();
  const web = apply({ policy: 'maglev', hashBalanceFactor: 0 });
  expect(backendsOfTwenty(web)).toBe(1);

  apply({ policy: 'maglev' });

  expect(backendsOfTwenty(web)).toBe(3);
});

test('when all were tried, a request goes to the backend of its key again', () => {
  const web = reloads()({ policy: 'maglev', hashOn: 'path' });
  const tried: Backend[] = [];
  for (let i = 0; i < URLS.length; i++) {
    const backend = web.pick(requestOf(tried));
    if (backend !== undefined) tried.push(backend);
  }
  expect(new Set(tried).size).toBe(URLS.length);

  expect(web.pick(requestOf(tried))).toBe(tried[0]);
});
