/** The built page on the real admin server, over an instance that says what the test wants: hostile texts, many backends. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Page as BuiltPage } from '@lb/primary/internal/admin/page';
import type { AdminContext, HistoryQuestion } from '@lb/primary/internal/admin/context';
import { BUILT_PAGE } from '@lb/primary/internal/built-page';
import type { PoolReply } from '@lb/shared/admin-api/contract';
import type { StatsSample } from '@lb/shared/admin-api/statistics';
import type { Browser, Page } from 'playwright-core';
import { BACKEND, POOL, startAdmin } from '../support/admin-fixture.ts';
import { openTab, startBrowser } from '../support/browser.ts';
import { eventually } from '../support/eventually.ts';
import { historyReply, RUNNING, sampleAt } from '../support/dashboard-samples.ts';
import { HOSTILE, hostileContext } from '../support/hostile-instance.ts';

let browser: Browser;
const page = new BuiltPage(BUILT_PAGE);

beforeAll(async () => {
  browser = await startBrowser();
}, 30_000);

afterAll(() => browser.close());

/** The page over this instance, and how many errors it had. */
async function open(over: Partial<AdminContext>) {
  const admin = await startAdmin({ page, over });
  const tab = await openTab(browser);
  const errors: string[] = [];
  tab.on('pageerror', (error) => errors.push(error.message));
  tab.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  await tab.goto(`http://127.0.0.1:${admin.port}/`);
  return {
    tab,
    errors,
    async [Symbol.asyncDispose]() {
      await tab.close();
      await admin[Symbol.asyncDispose]();
    },
  };
}

function manyBackends(count: number): Partial<AdminContext> {
  const backends = Array.from({ length: count }, (_, place) => ({
    ...BACKEND,
    name: `web-${place + 1}`,
  }));
  const pool: PoolReply = { ...POOL, name: 'web', available: count, backends };
  const sample: StatsSample = { ...sampleAt(Date.now(), 1), pools: [pool] };
  return {
    status: () => RUNNING,
    pools: () => [pool],
    history: () => Promise.resolve({ ok: true, reply: historyReply(Date.now(), 900) }),
    watchStats: (watcher) => {
      const send = (): void => watcher(JSON.stringify({ ...sample, at: new Date() }));
      send();
      const timer = setInterval(send, 200);
      return () => clearInterval(timer);
    },
  };
}

const rowsOf = (tab: Page) => tab.locator('[data-backend]');

describe('dashboard: what it shows', () => {
  test('texts of backends, headers, paths and errors are texts', async () => {
    await using opened = await open(hostileContext());
    const { tab } = opened;
    await tab.getByText('1 of 1 backend down').waitFor();
    await tab.locator('.requests tbody tr').waitFor();
    await tab.locator('.events li').first().waitFor();
    await tab.getByLabel('URL', { exact: true }).fill('/');
    await tab.getByLabel('Headers').fill(`X-Evil: ${HOSTILE}`);
    await tab.getByRole('button', { name: 'Explain', exact: true }).click();
    await tab.locator('.explanation tbody tr').waitFor();
    await tab.getByRole('button', { name: `Drain ${HOSTILE}` }).click();
    await tab.locator('dialog').waitFor();
    await tab.locator('dialog').getByRole('button', { name: 'Drain' }).click();
    await tab.locator('dialog .refusal').getByText(HOSTILE).waitFor();
    await tab.keyboard.press('Escape');
    await tab.getByRole('button', { name: 'Reload …' }).click();
    await tab.locator('dialog .changes').getByText(HOSTILE).first().waitFor();

    const inLists = [
      '.pool',
      '.events',
      '.requests',
      '.explanation',
      '.workers',
      '.verdict',
      '.bottom',
    ];
    for (const list of inLists) expect(await tab.locator(list).textContent()).toContain(HOSTILE);
    expect(await tab.locator('img').count()).toBe(0);
    expect(await tab.evaluate('globalThis.wasRun')).toBeUndefined();
  });

  test('of five hundred backends only the rows in sight are made', async () => {
    await using opened = await open(manyBackends(500));
    const { tab, errors } = opened;
    await tab.getByText('All 500 backends up').waitFor();
    expect(await rowsOf(tab).count()).toBeLessThan(80);
    expect(await tab.locator('[role="table"]').getAttribute('aria-rowcount')).toBe('501');
    await tab.locator('.events').scrollIntoViewIfNeeded();
    await tab.locator('[data-backend="web-500"]').waitFor();
    expect(await rowsOf(tab).count()).toBeLessThan(80);
    await tab.getByPlaceholder('Filter backends').fill('web-25');
    await tab.getByText('11 backends shown').waitFor();
    await tab.locator('[data-backend="web-250"]').waitFor();
    expect(errors).toEqual([]);
  });

  test('nothing jumps while it fills and goes on', async () => {
    await using opened = await open(manyBackends(20));
    const { tab } = opened;
    await tab.locator('.freshness.live').waitFor();
    await tab.getByText('All 20 backends up').waitFor();
    const shift = await tab.evaluate<number>(`new Promise((resolve) => {
      let sum = 0;
      new PerformanceObserver((list) => {
        for (const { value } of list.getEntries()) sum += value;
      }).observe({ type: 'layout-shift', buffered: true });
      setTimeout(() => resolve(sum), 1_000);
    })`);
    expect(shift).toBeLessThan(0.02);
  });

  test('the arrow keys move the cursor of every chart', async () => {
    await using opened = await open(manyBackends(1));
    const { tab } = opened;
    await tab.locator('.freshness.live').waitFor();
    const slider = tab.getByRole('slider', { name: 'Latency: moment' });
    await slider.focus();
    await tab.keyboard.press('ArrowLeft');
    await tab.locator('.chart time:not(.unseen)').nth(3).waitFor();
    const times = await tab.locator('.chart time').allTextContents();
    expect(new Set(times).size).toBe(1);
  });

  test('goes back for weeks where there is a database, and says why where it does not answer', async () => {
    const asked: HistoryQuestion[] = [];
    const over = manyBackends(1);
    const persist = { type: 'postgres', up: true, reason: null, queued: 0 } as const;
    const warning = 'metrics.persist: no answer in time';
    await using opened = await open({
      ...over,
      status: () => ({ ...RUNNING, persist }),
      history: (_, question) => {
        asked.push(question);
        const reply = { ...historyReply(Date.now(), 672), stepSeconds: 900, warning };
        return Promise.resolve({ ok: true, reply });
      },
    });
    const { tab, errors } = opened;
    await tab.getByRole('button', { name: '7 d', exact: true }).click();
    await tab.getByRole('region', { name: 'The last 7 days' }).waitFor();
    await tab.locator('[aria-pressed="true"]', { hasText: '7 d' }).waitFor();
    await tab.getByText(warning).waitFor();
    const week = asked.find((question) => 'fromMs' in question);
    expect(week).toMatchObject({ toMs: undefined, stepSeconds: undefined });
    const slider = tab.getByRole('slider', { name: 'Requests/s: moment' });
    await eventually(async () => {
      expect(await slider.getAttribute('aria-valuenow')).toBe('671');
    });
    expect(await slider.getAttribute('aria-valuetext')).toMatch(/^\d+ \w+, \d\d:\d\d: all 1/);
    expect(errors).toEqual([]);
  });

  test('offers no more than a day without one', async () => {
    await using opened = await open(manyBackends(1));
    const { tab } = opened;
    await tab.locator('.freshness.live').waitFor();
    const ranges = tab.locator('.ranges button');
    expect(await ranges.allTextContents()).toEqual(['15 min', '24 h']);
  });

  test('everything can be reached by keyboard, the pools at once', async () => {
    await using opened = await open(manyBackends(2));
    const { tab } = opened;
    await tab.getByText('All 2 backends up').waitFor();
    await tab.keyboard.press('Tab');
    expect(await tab.evaluate('document.activeElement.textContent')).toBe('Skip to the pools');
    await tab.getByRole('button', { name: 'Drain web-1' }).focus();
    await tab.keyboard.press('Enter');
    await tab.locator('dialog').waitFor();
    for (let press = 0; press < 5; press++) {
      await tab.keyboard.press('Tab');
      // The browser's own controls stand between the last and the first.
      const where = 'document.activeElement.closest("dialog, body").localName';
      const isBody = await tab.evaluate<boolean>('document.activeElement === document.body');
      expect(isBody ? 'dialog' : await tab.evaluate(where)).toBe('dialog');
    }
  });
});
