import { describe, expect, test } from '@jest/globals';
import { startBackendProcesses } from '../support/backend-process.ts';
import { startLbctl } from '../support/lbctl.ts';
import { startLoad } from '../support/load.ts';

describe('shares over two workers', () => {
  test('round robin gives each of three equal backends a third of 30,000 requests, within 1 %', async () => {
    await using backends = await startBackendProcesses(3);
    const urls = backends.map(({ url }) => url).join(', ');
    await using lb = await startLbctl(`
workers: 2
listeners: [{ bind: 127.0.0.1:0 }]
pools: { web: { policy: round_robin, backends: [${urls}] } }
`);

    const { answers, failures } = await startLoad({
      port: lb.port,
      connections: 30,
      requests: 30_000,
    }).done;

    expect(failures).toEqual(new Map());
    for (const { name } of backends) {
      expect(Math.abs((answers.get(name) ?? 0) - 10_000)).toBeLessThanOrEqual(100);
    }
  });

  test('weights 5:1:1 give the shares they say, within 1 %', async () => {
    await using backends = await startBackendProcesses(3);
    const [a, b, c] = backends.map(({ url }) => url);
    await using lb = await startLbctl(`
workers: 2
listeners: [{ bind: 127.0.0.1:0 }]
pools:
  web:
    policy: weighted_round_robin
    backends: [{ url: "${a}", weight: 5 }, "${b}", "${c}"]
`);

    const { answers } = await startLoad({ port: lb.port, connections: 20, requests: 14_000 }).done;

    expect(Math.abs((answers.get('a') ?? 0) - 10_000)).toBeLessThanOrEqual(140);
    expect(Math.abs((answers.get('b') ?? 0) - 2_000)).toBeLessThanOrEqual(140);
    expect(Math.abs((answers.get('c') ?? 0) - 2_000)).toBeLessThanOrEqual(140);
  });

  test("one worker walks nginx's smooth sequence", async () => {
    await using backends = await startBackendProcesses(3);
    const [a, b, c] = backends.map(({ url }) => url);
    await using lb = await startLbctl(`
workers: 1
listeners: [{ bind: 127.0.0.1:0 }]
pools:
  web:
    policy: weighted_round_robin
    backends: [{ url: "${a}", weight: 5 }, "${b}", "${c}"]
`);

    const sequence: string[] = [];
    for (let i = 0; i < 14; i++)
      sequence.push(await (await fetch(`http://127.0.0.1:${lb.port}/`)).text());

    expect(sequence.join('')).toBe('aabacaaaabacaa');
  });

  test('a key has one backend on all workers', async () => {
    await using backends = await startBackendProcesses(3);
    // By their names, or the ports would decide who gets which key.
    const named = backends.map(({ name, url }) => `{ name: ${name}, url: "${url}" }`).join(', ');
    await using lb = await startLbctl(`
workers: 2
listeners: [{ bind: 127.0.0.1:0, accept: round-robin }]
pools: { web: { policy: maglev, hashOn: header:X-User, backends: [${named}] } }
`);

    const seen = new Set<string>();
    for (let user = 0; user < 12; user++) {
      const answers = new Set<string>();
      // Each on a connection of its own: they are dealt to the workers in turn.
      for (let i = 0; i < 4; i++) {
        const headers = { 'X-User': `user-${user}`, Connection: 'close' };
        answers.add(await (await fetch(`http://127.0.0.1:${lb.port}/`, { headers })).text());
      }
      expect(answers.size).toBe(1);
      for (const answer of answers) seen.add(answer);
    }
    expect(seen.size).toBe(3);
  });
});
