/** Who takes part. */
import { haproxy } from './haproxy.ts';
import { lbctl } from './lbctl.ts';
import { nginx } from './nginx.ts';
import type { Rig } from './rig.ts';

/** lbctl first. */
export const RIGS: readonly Rig[] = [lbctl, nginx, haproxy];
