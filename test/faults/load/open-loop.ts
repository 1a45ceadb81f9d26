/**
 * An open-loop client: `node open-loop.ts JSON FILE`. Every request has its time, and is sent then whatever became of those
 * before it; its latency counts from that time. Half of the requests take a connection that is kept, the others one of their
 * own. One line for each in FILE (logs.ts).
 */
import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { LARGE_BYTES, usualBytes } from '../answer-body.ts';
import { nowMs } from '../clock.ts';
import type { Sent } from '../logs.ts';
import { ClientConnection } from './client-connection.ts';
import type { Plan } from './plan.ts';

const LEAD_MS = 50;

const [, , planText = '{}', file = ''] = process.argv;
const plan = JSON.parse(planText) as Plan;
const output = createWriteStream(file);
/** When the first request is due. */
const beginMs = nowMs() + LEAD_MS;
const idle: ClientConnection[] = [];
let open = 0;
let sent = 0;
/** How many there are to be; fewer once the suite has said stop. */
let wanted = plan.requests;
const allDone = Promise.withResolvers<void>();

process.on('message', () => {
  wanted = sent;
  finishIfDone();
});
process.once('disconnect', () => process.exit());
process.send?.(beginMs);
send();
await allDone.promise;
for (const connection of idle) connection.close();
output.end();
await once(output, 'finish');
process.exit();

/** Everything that is due, then again in a millisecond. */
function send(): void {
  while (sent < wanted && dueMs(sent) <= nowMs()) begin(sent++);
  if (sent < wanted) setTimeout(send, 1);
}

function dueMs(place: number): number {
  return beginMs + (place * 1_000) / plan.rate;
}

function begin(place: number): void {
  const isKept = place % 2 === 0;
  const connection = (isKept ? liveIdle() : undefined) ?? new ClientConnection(plan);
  const { paths, postEvery, largeEvery } = plan;
  const id = plan.firstId + place;
  open++;
  connection.ask(
    {
      id,
      method: isTurn(place, postEvery) ? 'POST' : 'GET',
      bytes: isTurn(place, largeEvery) ? LARGE_BYTES : usualBytes(id),
      path: paths[place % paths.length] ?? '/',
      dueMs: dueMs(place),
      isKept,
    },
    (line) => end(connection, line),
  );
}

/** @param every 0 = never */
function isTurn(place: number, every: number): boolean {
  return every > 0 && place % every === every - 1;
}

/** The one used last, as clients do. */
function liveIdle(): ClientConnection | undefined {
  for (;;) {
    const connection = idle.pop();
    if (connection === undefined || connection.isOpen) return connection;
  }
}

function end(connection: ClientConnection, line: Sent): void {
  open--;
  output.write(`${JSON.stringify(line)}\n`);
  if (connection.isOpen) idle.push(connection);
  finishIfDone();
}

function finishIfDone(): void {
  if (open === 0 && sent === wanted) allDone.resolve();
}
