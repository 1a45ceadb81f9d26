/** The page in a real browser, on a real instance under load. One of each: the tests stand in the order of their story. */
import { gzipSync } from 'node:zlib';
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { formatMs, formatRate } from '@lb/primary/dashboard/model/format';
import type { StatusReply } from '@lb/shared/admin-api/contract';
import type { Browser, Locator, Page } from 'playwright-core';
import { type BackendProcess, startBackendProcesses } from '../support/backend-process.ts';
import { accessibilityFaults, openTab, startBrowser } from '../support/browser.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { type Instance, startLbctl } from '../support/lbctl.ts';
import { startLoad } from '../support/load.ts';

const TOKEN = 'a-token-of-the-test';
const BUILT = new URL('../../packages/primary/dist/dashboard/', import.meta.url);

const stack = new AsyncDisposableStack();
let browser: Browser;
let page: Page;
let lb: Instance;
let origin: string;
let backends: readonly BackendProcess[];
/** Every address that the browser asked for anything. */
const asked: string[] = [];
/** Statuses of the API's answers, in their order. */
const answers: { readonly path: string; readonly status: number }[] = [];
/** What was wrong in the page itself. */
const pageErrors: string[] = [];

function config(policy = 'p2c'): string {
  const lines = backends.map(({ name, url }) => `{ name: ${name}, url: "${url}" }`);
  return `
workers: 2
listeners: [{ bind: "127.0.0.1:0" }]
pools:
  web:
    policy: ${policy}
    backends: [${lines.join(', ')}]
    healthCheck: { interval: 200ms }
`;
}

beforeAll(async () => {
  browser = await startBrowser();
  stack.defer(() => browser.close());
  const started = await startBackendProcesses(3);
  stack.use(started);
  backends = started;
  const bind = `127.0.0.1:${await freePort()}`;
  origin = `http://${bind}`;
  const admin = `bind: "${bind}", token: ${TOKEN}`;
  lb = stack.use(await startLbctl(config(), {}, { admin }));
  stack.use(startLoad({ port: lb.port, connections: 4 }));
  page = await openTab(browser);
  page.on('request', (request) => asked.push(request.url()));
  page.on('pageerror', (error) => pageErrors.push(error.message));
  page.on('response', (response) => {
    const { pathname } = new URL(response.url());
    if (pathname.startsWith('/api/')) answers.push({ path: pathname, status: response.status() });
  });
}, 60_000);

afterAll(() => stack.disposeAsync(), 60_000);

const row = (name: string) => page.locator(`[data-backend="${name}"]`);
const tile = (name: string) => page.locator(`[data-tile="${name}"] dd`);
const dialog = () => page.locator('dialog');
/** Waits for it. @throws when it does not come */
const expectSeen = (what: Locator): Promise<void> => what.first().waitFor();
const expectGone = (what: Locator): Promise<void> => what.waitFor({ state: 'detached' });
const press = (name: string) => page.getByRole('button', { name, exact: true }).click();
/** After a change that the instance has no place to keep: the dialog says so. */
const close = async (): Promise<void> => {
  await expectSeen(dialog().getByText(/^Done, but /));
  await dialog().getByRole('button', { name: 'Close' }).click();
  await expectGone(dialog());
};

describe('dashboard', () => {
  test('is small', () => {
    const files = readdirSync(BUILT).map((name) => readFileSync(new URL(name, BUILT)));
    const bytes = files.reduce((sum, file) => sum + gzipSync(file).length, 0);
    expect(files.length).toBe(4);
    expect(bytes).toBeLessThan(150_000);
  });

  test('gives nothing for a wrong token', async () => {
    await page.goto(origin);
    await page.getByLabel('Token').fill('not-the-token');
    await press('Log in');
    await expectSeen(page.getByText('This is not the token.'));
    expect(answers.length).toBeGreaterThan(1);
    // Whether there is a token at all is nothing that it would protect.
    const open = answers.filter(({ status }) => status !== 401).map(({ path }) => path);
    expect(open).toEqual([]);
    expect(await page.content()).not.toContain('web');
  });

  test('shows the instance for the right one, and keeps the token nowhere', async () => {
    await page.getByLabel('Token').fill(TOKEN);
    await press('Log in');
    await expectSeen(page.getByText('All 3 backends up'));
    await expectSeen(page.locator('.freshness.live'));
    const kept = await page.evaluate<string>(
      'JSON.stringify([localStorage, sessionStorage, document.cookie, location.href])',
    );
    expect(kept).not.toContain(TOKEN);
    expect(kept).not.toContain('lbctl_');
  });

  test('shows the numbers of the API', async () => {
    let status: StatusReply | undefined;
    page.on('response', async (response) => {
      if (response.url().endsWith('/api/v1/status'))
        status = (await response.json()) as StatusReply;
    });
    await eventually(async () => {
      const shown = await Promise.all(['rate', 'p99'].map((name) => tile(name).textContent()));
      const { requestsPerSecond = 0, p99Ms = null } = status?.totals ?? {};
      expect(requestsPerSecond).toBeGreaterThan(0);
      expect(shown).toEqual([formatRate(requestsPerSecond), formatMs(p99Ms)]);
    });
    const { totals } = await lb.status();
    const shown = Number((await tile('rate').textContent())?.replaceAll(',', ''));
    expect(shown / totals.requestsPerSecond).toBeGreaterThan(0.7);
    expect(shown / totals.requestsPerSecond).toBeLessThan(1.4);
    expect(Number(await tile('connections').textContent())).toBe(totals.connections);
  });

  test('a killed backend is red within two seconds, and says why', async () => {
    const [a] = backends;
    const killed = performance.now();
    await a?.kill();
    await page.locator('[data-backend="a"].down').waitFor({ timeout: 2_000 });
    expect(performance.now() - killed).toBeLessThan(2_000);
    const colours = await page.evaluate<string[]>(
      `['[data-backend="a"] .state', '.verdict.bad'].map(
        (place) => getComputedStyle(document.querySelector(place)).color)`,
    );
    expect(new Set(colours).size).toBe(1);
    await expectSeen(page.getByText('1 of 3 backends down: web/a'));
    await expectSeen(page.locator('.events').getByText('backend down'));
    expect(await row('a').locator('.state').textContent()).toBe('down');
  });

  test('a drain from the page ends with the backend empty', async () => {
    await press('Drain b');
    await expectSeen(dialog().getByText('New traffic goes to the 1 other backend'));
    await dialog().getByRole('button', { name: 'Drain' }).click();
    await expectSeen(row('b').getByText('drained', { exact: true }));
    await close();
    const { backends: states } = await lb.pool('web');
    expect(states.find(({ name }) => name === 'b')).toMatchObject({
      state: 'draining',
      inFlight: 0,
    });
  });

  test('a refusal is shown, with the way around it, and Escape leaves all as it was', async () => {
    await press('Drain c');
    await dialog().getByRole('button', { name: 'Drain' }).click();
    await expectSeen(dialog().getByText(/^Refused: /));
    await expectSeen(dialog().getByRole('button', { name: 'Do it all the same' }));
    await page.keyboard.press('Escape');
    await expectGone(dialog());
    expect(await page.evaluate('document.activeElement.ariaLabel')).toBe('Drain c');
    const { backends: states } = await lb.pool('web');
    expect(states.find(({ name }) => name === 'c')?.state).toBe('up');
  });

  test('enables again, and sets a weight', async () => {
    await press('Enable b');
    await dialog().getByRole('button', { name: 'Enable' }).click();
    await expectSeen(page.locator('[data-backend="b"].up'));
    await close();
    await press('Set the weight of c');
    await dialog().getByLabel('Weight').fill('3');
    await dialog().getByRole('button', { name: 'Set' }).click();
    await expectSeen(row('c').getByText('1 → 3'));
    await close();
  });

  test('shows what a reload would change, and does it', async () => {
    await lb.write(config('round_robin'));
    await press('Reload …');
    await expectSeen(dialog().getByText(/round_robin/));
    await dialog().getByRole('button', { name: 'Reload' }).click();
    await expectSeen(dialog().getByText('The configuration is in force.'));
    await dialog().getByRole('button', { name: 'Close' }).click();
    await expectSeen(page.locator('.pool .policy').getByText('round_robin'));
  });

  test('shows every mistake of a file that is refused', async () => {
    await lb.write(config('nonsense'));
    await press('Reload …');
    await expectSeen(dialog().getByText(/line \d+: pools\.web\.policy/));
    expect(await dialog().getByRole('button', { name: 'Reload' }).isDisabled()).toBe(true);
    await page.keyboard.press('Escape');
  });

  test('explains a request', async () => {
    await page.getByLabel('URL', { exact: true }).fill('http://www.example.com/x');
    await press('Explain');
    await expectSeen(page.locator('.explanation').getByText(/round_robin picks/));
  });

  test('says so when its numbers are old, and goes on by itself', async () => {
    await page.context().setOffline(true);
    lb.child.kill('SIGSTOP');
    await expectSeen(page.locator('.freshness.stale'));
    await expectSeen(page.getByText(/no answer, trying again, data \d+ s old/));
    lb.child.kill('SIGCONT');
    await page.context().setOffline(false);
    await expectSeen(page.locator('.freshness.live'));
  });

  test.each([
    ['dark', 1280],
    ['light', 360],
  ] as const)('has no serious fault for axe: %s, %i px', async (colorScheme, width) => {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 900 });
    expect(await accessibilityFaults(page)).toEqual([]);
  });

  test.each([360, 768, 1280, 2560, 3840])('fits a window of %i px', async (width) => {
    await page.setViewportSize({ width, height: 900 });
    const overflow = (): Promise<number> =>
      page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
    await eventually(async () => expect(await overflow()).toBeLessThanOrEqual(0));
  });

  test('logs out', async () => {
    await press('Log out');
    await expectSeen(page.getByLabel('Token'));
    const { length } = answers;
    await page.reload();
    await expectSeen(page.getByLabel('Token'));
    expect(answers.slice(length).map(({ status }) => status)).toContain(401);
  });

  test('asked no other host for anything, and had no error', () => {
    expect(asked.filter((url) => !url.startsWith(origin))).toEqual([]);
    expect(pageErrors).toEqual([]);
  });
});
