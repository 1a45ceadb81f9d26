/** The corpora through a worker: nothing unsafe, nothing smuggled, and no exception that is not needed. */
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { ENGINES } from '@lb/shared/config/schema/pool';
import { readCorpus } from './corpus.ts';
import { report } from './report.ts';
import { runCorpus } from './run-corpus.ts';

const LIMIT_MS = 60_000;

/** Valid requests that may be refused although nothing in the documentation asks for it. */
const MOST_OVER = 4;

describe.each(ENGINES)('public requests, with the engine %s', (engine) => {
  test(
    'are handled as their suites expect, but for the exceptions that are listed',
    async () => {
      const { cases, exceptions } = readCorpus(fileURLToPath(new URL('corpus', import.meta.url)));
      const { unexplained, stale, over } = report(await runCorpus(cases, engine), exceptions);
      expect(unexplained).toEqual([]);
      expect(stale).toEqual([]);
      expect(over.length).toBeLessThanOrEqual(MOST_OVER);
    },
    LIMIT_MS,
  );
});
