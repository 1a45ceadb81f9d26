/**
 * The ways in which a case is sent. Many come from suites of bare parsers, which do not ask for a Host. A balancer has to, so
 * such a case is sent as it is, and then with a Host, where it shows what it was written for.
 */
import { type ClientReading, readClient } from './judge.ts';
import type { Case } from './corpus.ts';

export interface Take {
  readonly steps: readonly Buffer[];
  /** Whether a refusal counts against the balancer: the Host is not what is missing. */
  readonly mayBeOver: boolean;
}

/** As it is, and with a Host where that says more. */
export function takesOf({ steps, expected }: Case): readonly Take[] {
  const named = steps.map(withHost);
  const isNew = named.some((step, place) => step !== steps[place]);
  // A case that must be refused and has no other fault than this is about the Host.
  const isUseful = expected !== 'refuse' || readAll(named).violation !== undefined;
  if (!isNew || !isUseful) return [{ steps, mayBeOver: true }];
  return [
    { steps, mayBeOver: false },
    { steps: named, mayBeOver: true },
  ];
}

function readAll(steps: readonly Buffer[]): ClientReading {
  return readClient(Buffer.concat(steps));
}

/** A head that begins the step, or stands behind an empty line. */
const HEAD = /(?<=^(?:\r\n)*|\r\n\r\n)([A-Z-]+ [^\r\n]+ HTTP\/1\.1\r\n)((?:[^\r\n]+\r\n)*)/g;

/** Gives a Host to each head that has none; the authority of the target, if it has one. Returns the same buffer if none. */
function withHost(step: Buffer): Buffer {
  const text = step.toString('latin1');
  const named = text.replace(HEAD, (head, line: string, fields: string) => {
    if (/^host[ \t]*:/im.test(fields)) return head;
    const authority = /^\S+ https?:\/\/([^/?#\s]+)/i.exec(line)?.[1] ?? 'lb.test';
    return `${line}Host: ${authority}\r\n${fields}`;
  });
  return named === text ? step : Buffer.from(named, 'latin1');
}
