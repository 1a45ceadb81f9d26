/** What a request of a session costs on top of one in a pool that is not sticky: from its cookie to its count. */
import type { Exchange } from '@lb/worker/internal/request/exchange';
import { HeadText, headTextOf } from '@lb/worker/internal/http1/head-text';
import { StickyPool } from '../../support/sticky-pool.ts';
import type { Benchmark } from './benchmark.ts';

const ANSWER = headTextOf(['Content-Type', 'text/html', 'Content-Length', '110']);

/** A browser's, with the cookie among others. */
const headWith = (cookie: string): HeadText =>
  new HeadText(
    'Host: www.example.com\r\n' +
      'User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n' +
      'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n' +
      'Accept-Language: en-GB,en;q=0.5\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n' +
      `Cookie: _ga=GA1.2.1234567890.1234567890; theme=dark; ${cookie}\r\n`,
    0,
    [],
  );

/** @param learnt fields of the answer that begins the session */
async function hit(
  name: string,
  sticky: string,
  sent: string,
  learnt: readonly string[] = [],
): Promise<Benchmark> {
  const stickyPool = new StickyPool({ sticky });
  const first = stickyPool.request({ cookie: sent });
  await first.next();
  const lines = await first.answer(learnt);
  const head = headWith(/^Set-Cookie: ([^;]+)/.exec(lines)?.[1] ?? sent);
  const { pool, timeline, store } = stickyPool;
  const exchange = {
    tried: [],
    answerLines: '',
    header: (field: string) => head.named(field),
    services: { clock: timeline, store },
  } as unknown as Exchange;
  return {
    name: `sticky ${name}, a hit`,
    run(times) {
      for (let i = 0; i < times; i++) {
        const visit = pool.sticky?.visit(exchange, pool);
        const chosen = visit?.choose();
        if (chosen === undefined || chosen instanceof Promise) throw new Error('it was no hit');
        if (visit?.answered(chosen, ANSWER) !== undefined || exchange.answerLines !== '')
          throw new Error('it was no hit');
      }
    },
  };
}

export const sticky: readonly Benchmark[] = await Promise.all([
  hit('cookie', '{ mode: cookie }', ''),
  hit('table', '{ mode: table, key: "cookie:SID" }', 'SID=0123456789abcdef0123456789abcdef'),
  hit('learn', '{ mode: learn, cookie: SID }', 'SID=0123456789abcdef', [
    'Set-Cookie',
    'SID=0123456789abcdef',
  ]),
]);
