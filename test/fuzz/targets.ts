/** What `npm run fuzz` can be asked for. */
import { requestParser } from './request-parser.ts';
import { responseParser } from './response-parser.ts';
import type { FuzzTarget } from './target.ts';

export const TARGETS: ReadonlyMap<string, FuzzTarget> = new Map([
  ['request-parser', requestParser],
  ['response-parser', responseParser(false)],
  ['response-parser-head', responseParser(true)],
]);
