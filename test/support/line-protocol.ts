/** Reads InfluxDB's line protocol, strictly: what a server would refuse, or read in two ways, throws. */

export interface InfluxLine {
  readonly measurement: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly fields: Readonly<Record<string, number | string>>;
  readonly time: number;
}

export function parseLines(body: string): InfluxLine[] {
  return body.split('\n').map(parseLine);
}

/** @throws Error where it is not a line by the book */
export function parseLine(line: string): InfluxLine {
  const reader = new Reader(line);
  const measurement = reader.until(', ');
  const tags: Record<string, string> = {};
  while (reader.takes(',')) {
    const key = reader.until('=');
    reader.expect('=');
    const value = reader.until(', =');
    if (key === '' || value === '' || key in tags) throw new Error(`bad tag: ${line}`);
    tags[key] = value;
  }
  reader.expect(' ');
  const fields: Record<string, number | string> = {};
  do {
    const key = reader.until('=');
    reader.expect('=');
    if (key === '' || key in fields) throw new Error(`bad field: ${line}`);
    fields[key] = reader.takes('"') ? reader.string() : numberOf(reader.until(', '));
  } while (reader.takes(','));
  reader.expect(' ');
  const time = reader.rest();
  if (!/^\d+$/.test(time)) throw new Error(`bad time: ${line}`);
  return { measurement, tags, fields, time: Number(time) };
}

function numberOf(text: string): number {
  if (!/^-?\d+i$|^-?\d+(\.\d+)?(e[+-]?\d+)?$/.test(text)) throw new Error(`bad number: ${text}`);
  return Number(text.replace(/i$/, ''));
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Up to one of these characters, which is not taken. A backslash escapes a comma, "=" and a space, and nothing else. */
  until(ends: string): string {
    let found = '';
    while (this.#at < this.#text.length) {
      const one = this.#text.charAt(this.#at);
      const next = this.#text.charAt(this.#at + 1);
      if (one === '\\' && next !== '' && ',= '.includes(next)) {
        found += next;
        this.#at += 2;
        continue;
      }
      if (ends.includes(one)) return found;
      found += one;
      this.#at += 1;
    }
    throw new Error(`ends too early: ${this.#text}`);
  }

  /** After its first quote. */
  string(): string {
    let found = '';
    for (;;) {
      const one = this.#text.charAt(this.#at);
      const next = this.#text.charAt(this.#at + 1);
      if (one === '') throw new Error(`ends too early: ${this.#text}`);
      const isEscape = one === '\\' && (next === '"' || next === '\\');
      this.#at += isEscape ? 2 : 1;
      if (one === '"') return found;
      found += isEscape ? next : one;
    }
  }

  takes(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  expect(character: string): void {
    if (!this.takes(character)) throw new Error(`no "${character}" at ${this.#at}: ${this.#text}`);
  }

  rest(): string {
    return this.#text.slice(this.#at);
  }
}
