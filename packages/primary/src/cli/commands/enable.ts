/** `lbctl enable POOL/BACKEND`: takes back a drain or a disable, and ends an ejection. */
import { changeBackend } from './change-backend.ts';
import type { ClientCall } from './client.ts';

/** Gives the backend new traffic again, when its health allows it. A changed weight stays. */
export function enable(call: ClientCall, target: string): Promise<number> {
  return changeBackend(call, { target, change: { state: 'enabled' } });
}
