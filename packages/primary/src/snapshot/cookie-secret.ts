/**
 * The secret that keys the sticky cookies: as configured, else made once. A made one outlives this instance where there is a
 * place to keep it: agreed on with the other instances, or a file in the state directory.
 */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '@lb/shared/config/schema/root';
import type { Registry } from '@lb/shared/store/registry';
import type { Logger } from '@lb/shared/logging/logger';
import { writeWhole } from '../state/write-whole.ts';

/** Name of the file in the state directory. */
export const SECRET_FILE = 'secret';

const SECRET_BYTES = 32;

export interface CookieSecretOptions {
  /** Folder for what outlives a restart; null when there is none. */
  readonly stateDir: string | null;
  /** Called when the instances agreed on another one than that in force. */
  readonly onChange: () => void;
  readonly log: Logger;
}

/** Owns the secret of this instance. */
export class CookieSecret {
  readonly #options: CookieSecretOptions;
  #configured: string | null = null;
  #made = '';

  constructor(options: CookieSecretOptions) {
    this.#options = options;
  }

  /** The secret in force; '' before the first `settle`. */
  get current(): string {
    return this.#configured ?? this.#made;
  }

  /** Takes over a configuration. One that names no secret has the one that was made before, if any: cookies stay valid. */
  async settle({ secret }: Pick<Config, 'secret'>): Promise<void> {
    this.#configured = secret;
    if (secret === null && this.#made === '') this.#made = await this.#make();
  }

  /** Settles on one secret with the other instances: this one, unless another was first. @throws StoreError */
  async agree(registry: Pick<Registry, 'secret'>): Promise<void> {
    if (this.#configured !== null) return;
    const agreed = await registry.secret(this.#made);
    if (agreed === this.#made) return;
    this.#made = agreed;
    if (this.#configured === null) this.#options.onChange();
  }

  async #make(): Promise<string> {
    const { stateDir, log } = this.#options;
    const fresh = randomBytes(SECRET_BYTES).toString('base64url');
    if (stateDir === null) return fresh;
    const path = join(stateDir, SECRET_FILE);
    try {
      const kept = await contentOf(path);
      if (kept === '') await writeWhole(path, `${fresh}\n`);
      return kept === '' ? fresh : kept;
    } catch (error) {
      // Sessions then end with this instance, which is no reason not to serve.
      log.warn({ err: error, path }, 'the secret of sticky cookies cannot be kept');
      return fresh;
    }
  }
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
