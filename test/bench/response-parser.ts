/**
 * Nanoseconds per answer in the native engine's response parser: `node --conditions=@lb/source test/bench/response-parser.ts`.
 * Every answer in one piece; the best and the middle one of several rounds, for a machine that is not quiet.
 */
import { ResponseParser } from '@lb/worker/internal/forward/native/response-parser';

const ROUNDS = 15;
const ROUND_MS = 100;
const BATCH = 500;

const small =
  'HTTP/1.1 200 OK\r\nServer: bench\r\nDate: Sun, 22 Nov 2026 20:00:00 GMT\r\n' +
  'Content-Type: text/plain\r\nContent-Length: 110\r\nConnection: keep-alive\r\n\r\n';
const manyFields = Array.from({ length: 99 }, (_, i) => `X-Field-Number-${i}: the value of it\r\n`);
const answers: Readonly<Record<string, string>> = {
  '110-byte body': small + 'x'.repeat(110),
  'chunked 10 KiB (10 chunks)': `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${`400\r\n${'x'.repeat(1_024)}\r\n`.repeat(10)}0\r\n\r\n`,
  '100 fields': `HTTP/1.1 200 OK\r\n${manyFields.join('')}Content-Length: 0\r\n\r\n`,
};

let bodyBytes = 0;
const parser = new ResponseParser({
  onInformation: () => undefined,
  onHead: () => undefined,
  onBody: (_buffer, start, end) => {
    bodyBytes += end - start;
  },
  onComplete: () => undefined,
});

for (const [name, text] of Object.entries(answers)) {
  const bytes = Buffer.from(text, 'latin1');
  const rounds = Array.from({ length: ROUNDS }, () => nanosecondsPerAnswer(bytes)).sort(
    (a, b) => a - b,
  );
  const [best = 0] = rounds;
  const middle = rounds[ROUNDS >> 1] ?? 0;
  console.log(
    `${name.padEnd(28)} ${best.toFixed(0).padStart(6)} ns best  ${middle.toFixed(0).padStart(6)} ns median  (${bytes.length} bytes)`,
  );
}
console.log(`Node ${process.version}, ${bodyBytes} bytes of body seen`);

function nanosecondsPerAnswer(bytes: Buffer): number {
  let answered = 0;
  const started = performance.now();
  let elapsedMs = 0;
  while (elapsedMs < ROUND_MS) {
    for (let i = 0; i < BATCH; i++) {
      parser.expect(false);
      const error = parser.execute(bytes, 0, bytes.length);
      if (error !== undefined) throw new Error(error);
    }
    answered += BATCH;
    elapsedMs = performance.now() - started;
  }
  return (elapsedMs * 1e6) / answered;
}
