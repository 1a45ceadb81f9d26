/** Debian's Chromium, driven by playwright: what the tests of the dashboard look at it with. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import type { AxeResults } from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright-core';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** Nothing of its own: no network, no GPU, no first steps. */
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Nothing on the page takes longer, on a busy machine neither. */
const PATIENCE_MS = 8_000;

/** A tab of a size, which waits for things to come. */
export async function openTab(browser: Browser, width = 1_280, height = 900): Promise<Page> {
  const tab = await browser.newPage({ viewport: { width, height } });
  tab.setDefaultTimeout(PATIENCE_MS);
  return tab;
}

/** A browser with a profile that is new and goes with it. @throws Error when there is none on this machine */
export async function startBrowser(): Promise<Browser> {
  const executablePath = (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'chromium'))
    .find((path) => existsSync(path));
  if (executablePath === undefined) throw new Error('needs Chromium: apt-get install chromium');
  return chromium.launch({ executablePath, args: ARGUMENTS });
}

/** What axe has to say that is serious or worse, one line each. */
export async function accessibilityFaults(page: Page): Promise<readonly string[]> {
  await page.evaluate(readFileSync(AXE, 'utf8'));
  const { violations } = await page.evaluate<AxeResults>(
    `axe.run({ resultTypes: ['violations'] })`,
  );
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`);
}
