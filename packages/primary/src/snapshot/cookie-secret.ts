/**
 * The secret that keys the sticky cookies: as configured, else made once. A made one outlives this instance where there is a
 * place to keep it: agreed on with the other instances, or a file in the state directory.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '@lb/shared/config/schema/root';
import type { Logger } from '@lb/shared/logging/logger';

/** Name of the file in the state directory. */
export const SECRET_FILE = 'secret';

const SECRET_BYTES = 32;

export interface CookieSecretOptions {
  /** Where state is kept when the configuration does not say; undefined: nowhere. */
  readonly stateDirectory: string | undefined;
  /** Settles on one secret with the other instances: the proposed one, unless another was first. Absent where there are none. */
  readonly agree?: (proposed: string) => Promise<string>;
  readonly log: Logger;
}

/** Owns the secret of this instance. */
export class CookieSecret {
  readonly #options: CookieSecretOptions;
  #made: string | undefined;
  #current = '';

  constructor(options: CookieSecretOptions) {
    this.#options = options;
  }

  /** The secret in force; '' before the first `settle`. */
  get current(): string {
    return this.#current;
  }

  /** Takes over a configuration. One that names no secret has the one that was made before, if any: cookies stay valid. */
  async settle({ secret, stateDir }: Config): Promise<void> {
    this.#current = secret ?? (this.#made ??= await this.#make(stateDir));
  }

  async #make(configured: string | null): Promise<string> {
    const { agree, stateDirectory, log } = this.#options;
    const directory = configured ?? stateDirectory;
    const fresh = randomBytes(SECRET_BYTES).toString('base64url');
    if (agree !== undefined) return await agree(fresh);
    if (directory === undefined) return fresh;
    try {
      return await keptIn(directory, fresh);
    } catch (error) {
      // Sessions then end with this instance, which is no reason not to serve.
      log.warn({ err: error, directory }, 'the secret of sticky cookies cannot be kept');
      return fresh;
    }
  }
}

/** The secret in the folder; the fresh one is put there when there is none. @throws Error when it cannot be read or written */
async function keptIn(directory: string, fresh: string): Promise<string> {
  const path = join(directory, SECRET_FILE);
  const kept = await contentOf(path);
  if (kept !== '') return kept;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  // In one step: a crash leaves the whole secret or none.
  const temporary = `${path}.${randomBytes(4).toString('hex')}`;
  await writeFile(temporary, `${fresh}\n`, { mode: 0o600, flag: 'wx', flush: true });
  await rename(temporary, path);
  return fresh;
}

/** What a file holds; '' for one that is not there. */
async function contentOf(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return '';
  }
}
