/** `lbctl weight POOL/BACKEND N`: another share of the traffic. */
import { changeBackend } from './change-backend.ts';
import type { ClientCall } from './client.ts';

/** What `lbctl weight` is asked for; null is the configured weight. */
export interface WeightOptions {
  readonly weight: number | null;
  readonly force: boolean;
}

/** Sets the weight in use until it is set back. */
export function weight(
  call: ClientCall,
  target: string,
  { weight: wanted, force }: WeightOptions,
): Promise<number> {
  return changeBackend(call, { target, change: { weight: wanted, force } });
}
