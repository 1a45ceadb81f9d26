/** The modes of stickiness by their name in lb.yaml. */
import type { StickyConfig } from '@lb/shared/config/schema/root';
import { CookieSticky } from './cookie.ts';
import { LearnSticky } from './learn.ts';
import type { Sticky } from './sticky.ts';
import { TableSticky } from './table.ts';

/** Makes what a pool is sticky by. @param secret keys the values of cookies */
export function createSticky(config: StickyConfig, pool: string, secret: string): Sticky {
  switch (config.mode) {
    case 'cookie':
      return new CookieSticky(config, pool, secret);
    case 'table':
      return new TableSticky(config, pool);
    case 'learn':
      return new LearnSticky(config, pool);
  }
}
