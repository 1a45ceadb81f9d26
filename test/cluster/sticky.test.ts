/** Sticky sessions of a whole instance: every worker knows the cookie of every other, and so does the next instance. */
import { expect, test } from '@jest/globals';
import { startBackendProcesses } from '../support/backend-process.ts';
import { eventually } from '../support/eventually.ts';
import { valueOf } from '../support/http-message.ts';
import { type Instance, startLbctl } from '../support/lbctl.ts';
import { askOnce, GET, type RawAnswer } from '../support/raw-peer.ts';
import { workplace } from '../support/running-lbctl.ts';

const withCookie = (cookie: string): string => GET.replace('\r\n\r\n', `\r\n${cookie}\r\n\r\n`);
const setCookieOf = ({ fields }: RawAnswer): string => valueOf(fields, 'set-cookie') ?? '';

/** What 30 requests with the cookie, each on a connection of its own, see. */
async function seenBy({ port }: Instance, cookie: string): Promise<string[]> {
  const seen = new Set<string>();
  for (let i = 0; i < 30; i++) {
    const answer = await askOnce(port, withCookie(cookie));
    seen.add(`${answer.status} ${answer.body.toString()}${setCookieOf(answer)}`);
  }
  return [...seen];
}

test('a cookie holds in every worker, through a reload, a worker’s death and a restart', async () => {
  await using place = workplace();
  await using backends = await startBackendProcesses(3);
  const urls = backends.map(({ url }) => url);
  const yaml = (pool = ''): string =>
    `workers: 2\nstateDir: ${place.directory}/state\nlisteners: [{ name: web, bind: "127.0.0.1:0" }]\n` +
    `pools: { web: { backends: [${urls.join(', ')}], sticky: { mode: cookie }${pool} } }\n`;
  const seen: string[][] = [];
  let cookie = '';
  let expected = '';
  {
    await using lb = await startLbctl(yaml());
    const first = await askOnce(lb.port, GET);
    cookie = `Cookie: ${setCookieOf(first).split(';')[0]}`;
    expected = `200 ${first.body.toString()}`;
    seen.push(await seenBy(lb, cookie));
    await lb.write(yaml(', policy: random'));
    expect((await lb.run('reload')).code).toBe(0);
    seen.push(await seenBy(lb, cookie));
    const [victim = 0] = await lb.workerPids();
    process.kill(victim, 'SIGKILL');
    await eventually(async () => {
      const { workers } = await lb.status();
      const running = workers.filter(({ state, pid }) => state === 'running' && pid !== victim);
      expect(running).toHaveLength(2);
    });
    seen.push(await seenBy(lb, cookie));
  }
  await using next = await startLbctl(yaml());

  seen.push(await seenBy(next, cookie));

  expect(seen).toEqual([[expected], [expected], [expected], [expected]]);
});
