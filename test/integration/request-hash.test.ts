/** Which backend a request goes to, by a piece of it. */
import { describe, expect, test } from '@jest/globals';
import { poolYaml } from '../support/pool-yaml.ts';
import { ask } from '../support/raw-client.ts';
import {
  okAnswer,
  type RecordingBackend,
  startRecordingBackend,
} from '../support/recording-backend.ts';
import { startWorker } from '../support/worker-harness.ts';

const CONFIG = 'trustedProxies: [127.0.0.0/8]\n';
const COUNT = 3;

/** Backends that answer with their numbers; the pool names them, because ports are others in each run. */
async function startBackends(): Promise<
  AsyncDisposable & { readonly entries: { readonly url: string; readonly name: string }[] }
> {
  const backends: RecordingBackend[] = [];
  for (let i = 0; i < COUNT; i++)
    backends.push(await startRecordingBackend(() => okAnswer(`web-${i}`)));
  return {
    entries: backends.map(({ url }, i) => ({ url, name: `web-${i}` })),
    async [Symbol.asyncDispose]() {
      for (const backend of backends) await backend[Symbol.asyncDispose]();
    },
  };
}

/** Who answers a request with these fields. */
async function answerer(port: number, target: string, fields: readonly string[]): Promise<string> {
  const lines = ['Host: lb.test', ...fields].map((line) => `${line}\r\n`).join('');
  return (await ask(port, `GET ${target} HTTP/1.1\r\n${lines}\r\n`)).body;
}

/** A request with this key, and with something else that must not matter. */
type KeyedAs = (key: number, other: number) => readonly [target: string, fields: string[]];

const byUser: KeyedAs = (key, other) => [`/${other}`, [`x-USER: ${key}`, `Cookie: id=${other}`]];
const byCookie: KeyedAs = (key, other) => [`/${other}`, [`Cookie: a=${other}; id=${key}; b=1`]];
const byQuery: KeyedAs = (key, other) => [`/?a=${other}&id=${key}`, [`X-User: ${other}`]];
const byPath: KeyedAs = (key, other) => [`/x/../${key}?id=${other}`, [`X-User: ${other}`]];
const byAddress: KeyedAs = (key, other) => [`/${other}`, [`X-Forwarded-For: 192.0.2.${key}`]];

describe.each([
  ['maglev', 'header:X-User', byUser],
  ['ring_hash', 'header:X-User', byUser],
  ['maglev', 'cookie:id', byCookie],
  ['maglev', 'query:id', byQuery],
  ['ring_hash', 'path', byPath],
  ['ring_hash', 'client_ip', byAddress],
  ['ip_hash', 'path', byAddress],
] as const)('%s with hashOn: %s', (policy, hashOn, keyed) => {
  test('sends equal keys to one backend, and others to all of them', async () => {
    await using backends = await startBackends();
    const { entries } = backends;
    const pool = { policy, hashOn };
    await using worker = await startWorker(CONFIG + poolYaml(entries, pool));
    await using other = await startWorker(CONFIG + poolYaml(entries.toReversed(), pool));
    const seen = new Set<string>();
    for (let key = 0; key < 24; key++) {
      const answers = [
        await answerer(worker.port, ...keyed(key, 1)),
        await answerer(worker.port, ...keyed(key, 2)),
        await answerer(other.port, ...keyed(key, 3)),
      ];
      expect(new Set(answers).size).toBe(1);
      for (const answer of answers) seen.add(answer);
    }
    expect(seen.size).toBe(COUNT);
  });
});

test('a request without the key goes to any backend', async () => {
  await using backends = await startBackends();
  const pool = { policy: 'maglev', hashOn: 'header:X-User' };
  await using worker = await startWorker(poolYaml(backends.entries, pool));
  const seen = new Set<string>();
  for (let i = 0; i < 60; i++) seen.add(await answerer(worker.port, '/', []));
  expect(seen.size).toBe(COUNT);
});

test('a backend that is down leaves its keys to others, and has them again when it is up', async () => {
  await using backends = await startBackends();
  const pool = { policy: 'ring_hash', hashOn: 'path' };
  await using worker = await startWorker(poolYaml(backends.entries, pool));
  const owners = async (): Promise<string[]> => {
    const found: string[] = [];
    for (let i = 0; i < 24; i++) found.push(await answerer(worker.port, `/${i}`, []));
    return found;
  };
  const before = await owners();

  worker.setState(1, 'down');
  const without = await owners();
  worker.setState(1, 'up');

  expect(without).not.toContain('web-1');
  expect(without.filter((owner, i) => owner !== before[i]).length).toBe(
    before.filter((owner) => owner === 'web-1').length,
  );
  expect(await owners()).toEqual(before);
});

test('a reload puts another hashOn in force', async () => {
  await using backends = await startBackends();
  const yaml = (hashOn: string): string => poolYaml(backends.entries, { policy: 'maglev', hashOn });
  await using worker = await startWorker(yaml('path'));
  const seen = async (): Promise<number> => {
    const found = new Set<string>();
    for (let i = 0; i < 24; i++)
      found.add(await answerer(worker.port, `/${i}`, ['X-User: the same']));
    return found.size;
  };
  expect(await seen()).toBe(COUNT);

  worker.apply(yaml('header:X-User'));

  expect(await seen()).toBe(1);
});
