/** Sends every case to a worker with one backend behind it and says what came of it. */
import type { Engine } from '@lb/shared/config/schema/pool';
import { eventually } from '../support/eventually.ts';
import { poolYaml } from '../support/pool-yaml.ts';
import { RawClient } from '../support/raw-client.ts';
import { startRecordingBackend } from '../support/recording-backend.ts';
import { startWorker } from '../support/worker-harness.ts';
import type { Case, Finding } from './corpus.ts';
import { type Observation, isPassed, judge } from './judge.ts';
import { type Take, takesOf } from './takes.ts';

/** What came of a case. */
export interface Result {
  readonly suite: string;
  readonly id: string;
  readonly isPassed: boolean;
  /** With the detail of each. */
  readonly findings: ReadonlyMap<Finding, string>;
}

/** Each has a worker and a backend of its own, so that one case cannot show in another. */
const LANES = 64;

/** So short that every connection comes to an end by itself, with 408 or in silence: that end is what is waited for. */
const LIMITS = '{ headerTimeout: 2s, bodyIdleTimeout: 2s, keepAliveTimeout: 200ms }';

/** A step that is not answered in this time is followed by the next: well below the limits. */
const STEP_MS = 100;

/** The results in the order of the cases. */
export async function runCorpus(
  cases: readonly Case[],
  engine: Engine,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  const queue = cases.entries();
  const lane = async (): Promise<void> => {
    for (const [place, each] of queue) results[place] = await runCase(each, engine);
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return results;
}

async function runCase(each: Case, engine: Engine): Promise<Result> {
  const { suite, id, expected } = each;
  const findings = new Map<Finding, string>();
  let passed = false;
  for (const take of takesOf(each)) {
    const seen = await send(take, engine).catch((error: unknown) => {
      throw new Error(`${suite} ${id}: the connection does not end`, { cause: error });
    });
    passed = isPassed(seen.answers);
    for (const [finding, detail] of judge(expected, seen)) {
      if (finding !== 'over' || take.mayBeOver) findings.set(finding, detail);
    }
  }
  return { suite, id, isPassed: passed, findings };
}

async function send({ steps }: Take, engine: Engine): Promise<Observation> {
  await using backend = await startRecordingBackend();
  await using worker = await startWorker(poolYaml([backend.url], { engine }), LIMITS);
  const isHead = steps[0]?.toString('latin1').startsWith('HEAD ') ?? false;
  using client = await RawClient.connect(worker.port, isHead);
  for (const [place, step] of steps.entries()) {
    const before = client.received.length;
    client.send(step);
    if (place < steps.length - 1) await answeredOrQuiet(client, before);
  }
  const answers = await client.untilClosed();
  return {
    sent: Buffer.concat(steps),
    answers: answers.filter(({ status }) => status >= 200),
    received: backend.connections,
  };
}

async function answeredOrQuiet(client: RawClient, before: number): Promise<void> {
  const check = (): void => {
    if (!client.isClosed && client.received.length === before) throw new Error('not yet');
  };
  await eventually(check, STEP_MS).catch(() => undefined);
}
