/** Pages whose text is written by hand, and in which what was measured stands between two marks. */
import { readFileSync, writeFileSync } from 'node:fs';

const END = '<!-- end of what was measured -->';

/**
 * Puts a report in place of the one before.
 * @param command that writes it, as the first mark says  @throws Error when the marks are gone
 */
export function writeMeasured(path: string, command: string, report: string): void {
  const mark = `<!-- measured: written by ${command} -->`;
  const page = readFileSync(path, 'utf8');
  const begin = page.indexOf(mark);
  const end = page.indexOf(END, begin);
  if (begin < 0 || end < 0) throw new Error(`${path} has lost its marks "${mark}" and "${END}"`);
  writeFileSync(path, `${page.slice(0, begin)}${mark}\n\n${report}\n\n${page.slice(end)}`);
}
