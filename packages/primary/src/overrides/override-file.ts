/** Keeps overrides in a file, for an instance that shares them with nobody. */
import { readFile } from 'node:fs/promises';
import { writeWhole } from '../state/write-whole.ts';
import type { OverrideStore } from './override-store.ts';

/**
 * `{"pool/backend": {...}, ...}`, for people to read too. The file is read once: another instance must not have the same one.
 */
export class OverrideFile implements OverrideStore {
  readonly #path: string;
  #fields = new Map<string, string>();

  constructor(path: string) {
    this.#path = path;
  }

  async load(): Promise<Map<string, string>> {
    const text = await readFile(this.#path, 'utf8').catch(absent);
    this.#fields = text === undefined ? new Map<string, string>() : parse(text, this.#path);
    return new Map(this.#fields);
  }

  async set(field: string, value: string | null): Promise<void> {
    if (value === null) this.#fields.delete(field);
    else this.#fields.set(field, value);
    await this.#write();
  }

  async clear(): Promise<number> {
    const { size } = this.#fields;
    this.#fields.clear();
    await this.#write();
    return size;
  }

  #write(): Promise<void> {
    const values = [...this.#fields].map(([field, text]): [string, unknown] => [
      field,
      JSON.parse(text),
    ]);
    const text = JSON.stringify(Object.fromEntries(values), undefined, 2);
    return writeWhole(this.#path, `${text}\n`);
  }
}

function parse(text: string, path: string): Map<string, string> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(`${path}: not JSON`, { cause: error });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`${path}: expected an object`);
  return new Map(Object.entries(value).map(([field, entry]) => [field, JSON.stringify(entry)]));
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
