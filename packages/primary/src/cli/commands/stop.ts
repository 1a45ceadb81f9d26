/** `lbctl stop`: graceful stop, and waits until the instance is gone. */
import { setTimeout as sleep } from 'node:timers/promises';
import { AdminUnreachable } from '@lb/shared/admin-api/client';
import type { AdminClient } from '@lb/shared/admin-api/client';
import type { StatusReply, StopReply } from '@lb/shared/admin-api/contract';
import { EXIT } from '../exit-codes.ts';
import { isRunning } from '../is-running.ts';
import type { ClientCall } from './client.ts';
import { withInstance } from './client.ts';

const POLL_MS = 50;
/** Without --timeout the instance takes its own drainTimeout, which may be long. */
const LONGEST_WAIT_MS = 3_600_000;
/** What an instance may take beyond its drain: it kills workers, closes its admin server and exits. */
const EXIT_GRACE_MS = 10_000;

/** Stops the instance. @param timeoutMs for requests in flight; undefined takes shutdown.drainTimeout */
export function stop(call: ClientCall, timeoutMs: number | undefined): Promise<number> {
  const { output } = call;
  return withInstance(call, async (client) => {
    const { pid } = await client.get<StatusReply>('/api/v1/status');
    await client.post<StopReply>('/api/v1/stop', timeoutMs === undefined ? {} : { timeoutMs });
    const waitMs = timeoutMs === undefined ? LONGEST_WAIT_MS : timeoutMs + EXIT_GRACE_MS;
    if (await isGone(client, pid, waitMs)) {
      output.message(`stopped (pid ${pid})`);
      return EXIT.ok;
    }
    output.error(`was told to stop, and is still running (pid ${pid})`);
    return EXIT.failure;
  });
}

async function isGone(client: AdminClient, pid: number, waitMs: number): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < waitMs; waitedMs += POLL_MS) {
    if (!(await answers(client))) return processEnds(pid);
    await sleep(POLL_MS);
  }
  return false;
}

async function answers(client: AdminClient): Promise<boolean> {
  try {
    await client.get<StatusReply>('/api/v1/status');
    return true;
  } catch (error) {
    if (error instanceof AdminUnreachable) return false;
    throw error;
  }
}

/** The socket goes last but one: the process itself follows at once. */
async function processEnds(pid: number): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < EXIT_GRACE_MS; waitedMs += POLL_MS) {
    if (!isRunning(pid)) return true;
    await sleep(POLL_MS);
  }
  return false;
}
