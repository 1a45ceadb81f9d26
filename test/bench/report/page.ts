/** docs/performance.md: the text is written by hand, what was measured stands between two marks. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const PAGE = fileURLToPath(new URL('../../../docs/performance.md', import.meta.url));
const BEGIN = '<!-- measured: written by npm run bench -- --write -->';
const END = '<!-- end of what was measured -->';

/** Puts a report in place of the one before. @throws Error when the marks are gone */
export function writePage(report: string): void {
  const page = readFileSync(PAGE, 'utf8');
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END, begin);
  if (begin < 0 || end < 0) throw new Error(`${PAGE} has lost its marks "${BEGIN}" and "${END}"`);
  writeFileSync(PAGE, `${page.slice(0, begin)}${BEGIN}\n\n${report}\n\n${page.slice(end)}`);
}
