/** Header edits of a route. */
import { compileEdits } from '@lb/worker/internal/request/header-edits';
import type { Benchmark } from './benchmark.ts';

const FIELDS = Object.entries({
  Host: 'www.example.com',
  'User-Agent': 'bench',
  Accept: '*/*',
  'Accept-Encoding': 'br',
  'Accept-Language': 'de',
  Cookie: 'a=1; b=2',
  'X-Forwarded-For': '192.0.2.1',
  Via: '1.1 lb',
  'X-Forwarded-Proto': 'http',
  'X-Request-Id': '0199',
  'Cache-Control': 'no-cache',
  DNT: '1',
}).flat();

function editing(name: string, edits: Partial<Parameters<typeof compileEdits>[0]>): Benchmark {
  const edit = compileEdits({ set: {}, add: {}, remove: [], ...edits });
  const wanted = [...FIELDS];
  edit?.(wanted);
  return {
    name,
    run(times) {
      for (let i = 0; i < times; i++) {
        const raw = FIELDS.slice();
        edit?.(raw);
        if (raw.length !== wanted.length) throw new Error('other fields are left');
      }
    },
  };
}

export const headerEdits: readonly Benchmark[] = [
  editing('copying 12 fields, to be taken off the others', {}),
  editing('remove 2 of 12 fields that are not there', { remove: ['X-Debug', 'X-Internal'] }),
  editing('remove 2 of 12 fields', { remove: ['dnt', 'cookie'] }),
  editing('set 1, add 1, to 12 fields', { set: { 'X-Tenant': 'a' }, add: { 'X-Seen': '1' } }),
];
