/** A page of four small files in place of the built dashboard. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Page } from '@lb/primary/internal/admin/page';

export const PAGE_FILES = {
  'index.html': '<!doctype html><title>lbctl</title>',
  'dashboard.js': 'export {};',
  'dashboard.css': 'body { margin: 0 }',
  'favicon.svg': '<svg xmlns="http://www.w3.org/2000/svg"/>',
};

/** Read at once; nothing of it stays on the disk. */
export function smallPage(): Page {
  const folder = mkdtempSync(join(tmpdir(), 'page-'));
  try {
    for (const [name, text] of Object.entries(PAGE_FILES)) writeFileSync(join(folder, name), text);
    return new Page(pathToFileURL(`${folder}/`));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
