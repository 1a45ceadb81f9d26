/** The heap of the primary: small, for what it has to hold. */
import { setFlagsFromString } from 'node:v8';

/**
 * V8 doubles the space of young objects while any survive, up to three times 32 MiB, and lets the old ones grow to several times
 * what is alive before it looks which are. The primary makes much that lives for a message and holds little: with 1000 busy
 * backends these two took 114 and 45 MiB more than is needed, and leaving them out costs no CPU time that could be measured
 * (npm run bench:primary, Node 24.21). V8 reads both flags each time it asks itself; those that set sizes it reads once, from a
 * command line that lbctl does not have.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--heap-growing-percent=25');
}
