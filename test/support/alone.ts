/** What a snapshot says of an instance that shares nothing with others. */
import type { Snapshot } from '@lb/shared/model/snapshot';

export const ALONE: Pick<Snapshot, 'store' | 'instances' | 'secret'> = {
  store: { timeoutMs: 50, redis: null },
  instances: 1,
  secret: '',
};
