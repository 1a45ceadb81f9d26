/** The access log of a worker under test, in a file of its own. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.ts';

export interface AccessLines extends AsyncDisposable {
  /** The `log` section that writes to it. */
  readonly yaml: string;
  /** Waits for this many lines and returns all there are. */
  atLeast(count: number): Promise<readonly Record<string, unknown>[]>;
}

export async function accessLines(): Promise<AccessLines> {
  const directory = await mkdtemp(join(tmpdir(), 'lb-'));
  const path = join(directory, 'access.log');
  const read = async (): Promise<Record<string, unknown>[]> => {
    const text = await readFile(path, 'utf8');
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  };
  return {
    yaml: `log: { level: fatal, access: { enabled: true, format: json, path: "${path}" } }\n`,
    atLeast: (count) =>
      eventually(async () => {
        const lines = await read();
        if (lines.length < count) throw new Error(`${lines.length} lines of ${count}`);
        return lines;
      }),
    async [Symbol.asyncDispose]() {
      await rm(directory, { recursive: true });
    },
  };
}
