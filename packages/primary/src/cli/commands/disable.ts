/** `lbctl disable POOL/BACKEND`: no traffic at once, sessions included. */
import { changeBackend } from './change-backend.ts';
import type { ClientCall } from './client.ts';

/** Takes the backend out until it is enabled; what is in flight goes on. */
export function disable(call: ClientCall, target: string, force: boolean): Promise<number> {
  return changeBackend(call, { target, change: { state: 'disabled', force } });
}
