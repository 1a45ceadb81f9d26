/** Which requests somebody who reads the access log wants to see. */
import { NO_ROUTE } from '../metrics/catalog.ts';

/** What is not said is anything. */
export interface LogFilter {
  /** `none` for requests that matched none. */
  readonly route?: string;
  /** `pool/backend`, or the name of a backend in any pool. */
  readonly backend?: string;
  /** The first and the last of them. */
  readonly status?: readonly [first: number, last: number];
}

/** What a filter asks of a request. */
export interface Filtered {
  readonly route: string | null;
  readonly pool: string | null;
  readonly backend: string | null;
  readonly status: number;
}

/** Whether a filter lets a request pass. */
export function passes(filter: LogFilter, { route, pool, backend, status }: Filtered): boolean {
  if (filter.route !== undefined && filter.route !== (route ?? NO_ROUTE)) return false;
  if (filter.status !== undefined && (status < filter.status[0] || status > filter.status[1]))
    return false;
  if (filter.backend === undefined) return true;
  return backend !== null && [backend, `${pool}/${backend}`].includes(filter.backend);
}

/** `404` or `5xx` as the first and the last status; undefined for what is neither. */
export function statusRange(text: string): readonly [number, number] | undefined {
  if (!/^[1-5](\d\d|xx)$/i.test(text)) return undefined;
  const [first, last] = ['0', '9'].map((digit) => Number(text.replaceAll(/x/gi, digit)));
  return [first ?? 0, last ?? 0];
}
