/** The last requests: out of the access log where that is a file, else what the workers remember. */
import { stat } from 'node:fs/promises';
import type { PastRequestReply } from '@lb/shared/admin-api/explain';
import type { AccessRecord, LogEntry, LogsReply } from '@lb/shared/admin-api/logs';
import type { Config } from '@lb/shared/config/schema/root';
import { type LogFilter, passes } from '@lb/shared/model/log-filter';
import { lastLines } from './last-lines.ts';

export interface PastAccessOptions {
  /** log.access in force. */
  readonly config: () => Pick<Config['log']['access'], 'enabled' | 'path'>;
  /** The newest first. */
  readonly pastRequests: () => Promise<readonly PastRequestReply[]>;
}

export class PastAccess {
  readonly #options: PastAccessOptions;

  constructor(options: PastAccessOptions) {
    this.#options = options;
  }

  /** The last `count` that pass. */
  async last(count: number, filter: LogFilter): Promise<LogsReply> {
    const { enabled, path } = this.#options.config();
    if (enabled && path !== 'stdout' && (await isFile(path))) return fromFile(path, count, filter);
    const past = await this.#options.pastRequests();
    const records = past.map(recordOf).filter((record) => passes(filter, record));
    return { source: 'memory', problem: null, entries: records.slice(0, count).toReversed() };
  }
}

/** Reading from a pipe would take lines away from whoever they are for. What is not there is a file that is missing. */
async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isFile(),
    () => true,
  );
}

/** Lines of another format say nothing that a filter could ask for. */
async function fromFile(path: string, count: number, filter: LogFilter): Promise<LogsReply> {
  const isAll = Object.keys(filter).length === 0;
  const isWanted = (line: string): boolean => {
    const entry = entryOf(line);
    return typeof entry === 'string' ? isAll : passes(filter, entry);
  };
  try {
    const lines = await lastLines(path, count, isWanted);
    return { source: 'file', problem: null, entries: lines.map(entryOf) };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    return { source: 'file', problem: message, entries: [] };
  }
}

/** A line that is not ours, or of another format, stays what it is. */
function entryOf(line: string): LogEntry {
  try {
    const record = JSON.parse(line) as Partial<AccessRecord> | null;
    const isOurs = typeof record?.status === 'number' && typeof record.request_id === 'string';
    return isOurs ? (record as AccessRecord) : line;
  } catch {
    return line;
  }
}

/** The memory has neither queries nor anything of bodies and agents. */
function recordOf(past: PastRequestReply): AccessRecord {
  return {
    time: new Date(Date.parse(past.at) + past.totalMs).toISOString(),
    request_id: past.id,
    client: past.client || null,
    listener: past.listener,
    method: past.method || null,
    host: past.host || null,
    path: past.path || null,
    query: null,
    protocol: null,
    status: past.status,
    route: past.route,
    pool: past.pool,
    backend: past.backend,
    tries: past.tries,
    bytes: null,
    request_bytes: null,
    connect_ms: past.connectMs,
    ttfb_ms: past.ttfbMs,
    total_ms: past.totalMs,
    reason: past.reason,
    user_agent: null,
    referer: null,
  };
}
