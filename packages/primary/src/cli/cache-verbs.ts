/** The verbs of lbctl about caches: cache purge, cache stats. */
import type { Command } from 'commander';
import type { VerbSetting } from './backend-verbs.ts';
import { cachePurge } from './commands/cache-purge.ts';
import { cacheStats } from './commands/cache-stats.ts';

/** Adds them to the program. */
export function addCacheVerbs(program: Command, { surroundings, exit }: VerbSetting): void {
  const cache = program.command('cache').description('purge caches, and see what is in them');

  cache
    .command('purge')
    .description('throw answers out, on all workers and instances and in Redis')
    .argument('<url|tag>', 'http://host/path, http://host/path* for all below, or a tag')
    .action(async (target: string, _options, command: Command) => {
      exit(await cachePurge(surroundings(command), target));
    });

  cache
    .command('stats')
    .description('one line per cache: entries, bytes, hits, misses')
    .action(async (_options, command: Command) => {
      exit(await cacheStats(surroundings(command)));
    });
}
