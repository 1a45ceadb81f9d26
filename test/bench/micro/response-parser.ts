/** The native engine's response parser: whole answers, each in one piece. */
import { ResponseParser } from '@lb/worker/internal/forward/native/response-parser';
import type { Benchmark } from './benchmark.ts';

const small =
  'HTTP/1.1 200 OK\r\nServer: bench\r\nDate: Sun, 22 Nov 2026 20:00:00 GMT\r\n' +
  'Content-Type: text/plain\r\nContent-Length: 110\r\nConnection: keep-alive\r\n\r\n';
const manyFields = Array.from({ length: 99 }, (_, i) => `X-Field-Number-${i}: the value of it\r\n`);
const answers: Readonly<Record<string, string>> = {
  '110-byte body': small + 'x'.repeat(110),
  'chunked 10 KiB in 10 chunks': `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${`400\r\n${'x'.repeat(1_024)}\r\n`.repeat(10)}0\r\n\r\n`,
  '100 fields': `HTTP/1.1 200 OK\r\n${manyFields.join('')}Content-Length: 0\r\n\r\n`,
};

export const responseParser: readonly Benchmark[] = Object.entries(answers).map(([name, text]) => {
  const bytes = Buffer.from(text, 'latin1');
  let completed = 0;
  const parser = new ResponseParser({
    onInformation: () => undefined,
    onHead: () => undefined,
    onBody: () => undefined,
    onComplete: () => {
      completed++;
    },
  });
  return {
    name: `parse response, ${name}`,
    run(times) {
      const before = completed;
      for (let i = 0; i < times; i++) {
        parser.expect(false);
        const error = parser.execute(bytes, 0, bytes.length);
        if (error !== undefined) throw new Error(error);
      }
      if (completed - before !== times) throw new Error('an answer did not end');
    },
  };
});
