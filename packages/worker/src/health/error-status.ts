/** Which answers speak against a backend: the same for ejection and for circuit breakers. */
import type { OutcomeError } from '@lb/shared/ipc/outcomes';

/** The backend, or what is behind it, could not do its work. Undefined for every other answer. */
export function errorOf(status: number): OutcomeError | undefined {
  switch (status) {
    case 502:
      return '502';
    case 503:
      return '503';
    case 504:
      return '504';
    default:
      return undefined;
  }
}
