/** `headers.request` and `headers.response` of a route, compiled when a snapshot arrives. */
import type { RouteConfig } from '@lb/shared/config/schema/root';

type Edits = RouteConfig['headers']['request'];

/** Changes a raw header array in place. */
export type HeaderEdit = (raw: string[]) => void;

/** undefined when there is nothing to change, which is nearly always. */
export function compileEdits(edits: Edits): HeaderEdit | undefined {
  const set = Object.entries(edits.set);
  const add = Object.entries(edits.add);
  if (set.length + add.length + edits.remove.length === 0) return undefined;
  const dropped = new Set(
    [...edits.remove, ...Object.keys(edits.set)].map((name) => name.toLowerCase()),
  );
  const appended = [...set, ...add].flat();
  return (raw) => {
    let kept = 0;
    for (let i = 0; i + 1 < raw.length; i += 2) {
      const name = raw[i] ?? '';
      if (dropped.has(name.toLowerCase())) continue;
      raw[kept] = name;
      raw[kept + 1] = raw[i + 1] ?? '';
      kept += 2;
    }
    raw.length = kept;
    raw.push(...appended);
  };
}
