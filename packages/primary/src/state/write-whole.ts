/** Writes a file whole or not at all: what is read after a crash is the old text or the new one, never half of it. */
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Makes the folder where it is missing. The file is for its owner alone, mode 0600. One call at a time for each path.
 * @throws the system's error; the file is then what it was
 */
export async function writeWhole(path: string, text: string): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const draft = `${path}.new`;
  // One that a crash left behind may have another mode, and `wx` follows no link that somebody put in its place.
  await rm(draft, { force: true });
  const file = await open(draft, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
  await syncFolder(folder);
}

/** The rename itself is on disk only when the folder is. @see fsync(2) */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
