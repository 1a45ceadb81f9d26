/** What `npm run fuzz` can be asked for. */
import { responseParser } from './response-parser.ts';
import type { FuzzTarget } from './target.ts';

export const TARGETS: ReadonlyMap<string, FuzzTarget> = new Map([
  ['response-parser', responseParser(false)],
  ['response-parser-head', responseParser(true)],
]);
