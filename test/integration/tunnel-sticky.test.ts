/** Tunnels of sessions: an upgrade goes where the session's requests go, and may begin one. */
import { expect, test } from '@jest/globals';
import { poolYaml } from '../support/pool-yaml.ts';
import { connectRaw } from '../support/raw-peer.ts';
import { scriptedBackend, type Script, type ScriptedBackend } from '../support/scripted-backend.ts';
import { switching, upgrade } from '../support/upgrade-text.ts';
import { type Harness, startWorker } from '../support/worker-harness.ts';

/** Agrees to every upgrade, and says who it is. */
const agrees =
  (name: string, fields = ''): Script =>
  async (peer) => {
    await peer.takeHead();
    peer.send(`${switching('websocket', fields)}${name}.`);
  };

const two = async (fields = ''): Promise<readonly [ScriptedBackend, ScriptedBackend]> => [
  await scriptedBackend(agrees('a', fields)),
  await scriptedBackend(agrees('b', fields)),
];

/** @param fields of the request, each with its line end @returns the head of the 101, and who has the tunnel */
async function open(
  { port }: Harness,
  fields = '',
): Promise<{ readonly head: string; readonly name: string }> {
  using client = await connectRaw(port);
  client.send(upgrade('websocket', fields));
  const head = (await client.takeHead()) ?? '';
  await client.untilText('.');
  return { head, name: client.text.slice(0, -1) };
}

test('the 101 brings the cookie, beside those of the backend, and the next tunnel goes by it', async () => {
  const [a, b] = await two('Set-Cookie: own=1\r\nSet-Cookie: own=2\r\n');
  await using _a = a;
  await using _b = b;
  const sticky = { sticky: { mode: 'cookie' }, policy: 'round_robin' };
  await using worker = await startWorker(poolYaml([a.url, b.url], sticky));

  const first = await open(worker);
  const set = [...first.head.matchAll(/^set-cookie: ([^;\r]+)/gim)].map(([, pair = '']) => pair);
  const cookie = `Cookie: ${set.at(-1)}\r\n`;
  const again = [await open(worker, cookie), await open(worker, cookie)];

  expect(set).toEqual(['own=1', 'own=2', expect.stringMatching(/^lb_web=/)]);
  expect(again.map(({ name }) => name)).toEqual([first.name, first.name]);
  expect(again.map(({ head }) => head.includes('lb_web='))).toEqual([false, false]);
});

test.each([
  [{ mode: 'table', key: 'cookie:SID' }, ''],
  [{ mode: 'learn', cookie: 'SID' }, 'Set-Cookie: SID=s1\r\n'],
])('sessions of %p', async (sticky, fields) => {
  const [a, b] = await two(fields);
  await using _a = a;
  await using _b = b;
  await using worker = await startWorker(
    poolYaml([a.url, b.url], { sticky, policy: 'round_robin' }),
  );
  const first = await open(worker, fields === '' ? 'Cookie: SID=s1\r\n' : '');

  const names = [];
  for (let i = 0; i < 4; i++) names.push((await open(worker, 'Cookie: SID=s1\r\n')).name);

  expect(new Set(names)).toEqual(new Set([first.name]));
});
