/** `headers.request` and `headers.response` of a route, compiled when a snapshot arrives. */
import type { RouteConfig } from '@lb/shared/config/schema/root';

type Edits = RouteConfig['headers']['request'];

/** Changes a raw header array in place; fields that it has nothing to do with stay where they are. */
export type HeaderEdit = (raw: string[]) => void;

/** undefined when there is nothing to change, which is nearly always. */
export function compileEdits(edits: Edits): HeaderEdit | undefined {
  const dropped = new FieldNames([...edits.remove, ...Object.keys(edits.set)]);
  const appended = [...Object.entries(edits.set), ...Object.entries(edits.add)].flat();
  if (dropped.isEmpty && appended.length === 0) return undefined;
  return (raw) => {
    if (!dropped.isEmpty) drop(raw, dropped);
    for (const text of appended) raw.push(text);
  };
}

function drop(raw: string[], dropped: FieldNames): void {
  let kept = 0;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? '';
    if (dropped.has(name)) continue;
    if (kept < i) {
      raw[kept] = name;
      raw[kept + 1] = raw[i + 1] ?? '';
    }
    kept += 2;
  }
  if (kept < raw.length) raw.length = kept;
}

/** Names of fields, by their length: most fields of a message are told apart by it. */
class FieldNames {
  /** In lower case, at their length. */
  readonly #byLength: (readonly string[] | undefined)[] = [];
  readonly isEmpty: boolean;

  constructor(names: readonly string[]) {
    this.isEmpty = names.length === 0;
    const longest = Math.max(0, ...names.map(({ length }) => length));
    // No holes: reading one is slow.
    for (let length = 0; length <= longest; length++) {
      const alike = names.filter((name) => name.length === length);
      this.#byLength.push(alike.length === 0 ? undefined : alike.map((name) => name.toLowerCase()));
    }
  }

  /** In any case; allocates nothing. */
  has(name: string): boolean {
    const alike = this.#byLength[name.length];
    if (alike === undefined) return false;
    for (const lower of alike) if (isSpelling(name, lower)) return true;
    return false;
  }
}

/** Whether `name`, of the same length, is `lower` but for the case of its ASCII letters. */
function isSpelling(name: string, lower: string): boolean {
  for (let i = 0; i < lower.length; i++) {
    const code = name.charCodeAt(i);
    const isUpper = code >= 0x41 && code <= 0x5a;
    // `^` and `~`, `_` and DEL differ by the bit of case as well: letters alone have a case.
    if ((isUpper ? code | 0x20 : code) !== lower.charCodeAt(i)) return false;
  }
  return true;
}
