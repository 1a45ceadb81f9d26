/**
 * `npm run fuzz -- TARGET [--minutes N] [--seed N] [--from N]`: throws bytes at a parser and holds it to its promises. It never
 * throws and always comes back; it reads alike however the bytes are cut; it keeps no memory; it accepts nothing that Node
 * refuses. Ends with 1 and the smallest input that breaks one of them. The same seed tries the same inputs.
 */
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import type { FuzzJob, FuzzProgress } from './fuzz-thread.ts';
import { SharedInput } from './shared-input.ts';
import { TARGETS } from './targets.ts';

/** Nothing takes nearly this long, on a busy machine either. */
const STANDSTILL_MS = 15_000;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    from: { type: 'string', default: '0' },
  },
});
const [name = ''] = positionals;
if (!TARGETS.has(name)) {
  say(`no target "${name}"; there are: ${[...TARGETS.keys()].join(', ')}`);
  process.exit(2);
}
process.exitCode = await fuzz({
  target: name,
  seed: Number(values.seed),
  from: Number(values.from),
  durationMs: Number(values.minutes) * 60_000,
  shared: SharedInput.allocate(),
});

async function fuzz(job: FuzzJob): Promise<number> {
  const thread = new Worker(new URL('fuzz-thread.ts', import.meta.url), { workerData: job });
  const input = new SharedInput(job.shared);
  let last: FuzzProgress | undefined;
  let count = -1;
  const watch = setInterval(() => {
    if (input.count === count) {
      say(`does not come back: ${asText(input.current)}`);
      void thread.terminate();
    }
    ({ count } = input);
  }, STANDSTILL_MS);
  thread.on('message', (progress: FuzzProgress) => {
    last = progress;
    sayProgress(progress);
  });
  try {
    await once(thread, 'exit');
  } finally {
    clearInterval(watch);
  }
  const { finding } = last ?? {};
  if (finding !== undefined) {
    const { number, problem, input: smallest } = finding;
    say(`input ${number} of seed ${job.seed} ${problem}`);
    if (smallest !== undefined) say(`smallest input: ${asText(smallest)}`);
  }
  return last?.isOver === true && finding === undefined ? 0 : 1;
}

function asText(bytes: Uint8Array): string {
  return JSON.stringify(Buffer.from(bytes).toString('latin1'));
}

function sayProgress(progress: FuzzProgress): void {
  const { executions, accepted, compared, known } = progress;
  const [first, most, kept] = [
    progress.firstHeapBytes,
    progress.mostHeapBytes,
    progress.keptBytes,
  ].map((bytes) => Math.round(bytes / 1_024));
  say(
    `${executions} inputs, ${accepted} accepted, ${compared} compared with Node; ` +
      `${first} KiB held at first, ${most} at most; ${kept} kept of endless input`,
  );
  for (const [reason, count] of known) say(`  differs ${count} times: ${reason}`);
}
