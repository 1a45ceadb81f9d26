/** All cases, in the order of the report. */
import { allDown } from './all-down.ts';
import { BACKEND_FAULTS } from './backend-faults.ts';
import { blackhole } from './blackhole.ts';
import type { Case } from './case.ts';
import { drain } from './drain.ts';
import { everything } from './everything.ts';
import { halfOpen } from './half-open.ts';
import { saturation } from './saturation.ts';

export const CASES: readonly Case[] = [
  ...BACKEND_FAULTS,
  blackhole,
  allDown,
  everything,
  saturation,
  halfOpen,
  drain,
];
