/** What makes things that show an age count on. */
import type { Clock } from '@lb/shared/time/clock';
import { useEffect, useState } from 'preact/hooks';

/** Both clocks of the same moment. */
export interface Now {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

/** The time, once a second; what asks for it is drawn again. */
export function useNow(clock: Clock): Now {
  const read = (): Now => ({ wallMs: clock.wallMs(), monotonicMs: clock.monotonicMs() });
  const [now, setNow] = useState(read);
  useEffect(() => {
    const timer = setInterval(() => setNow(read()), 1_000);
    return () => clearInterval(timer);
  }, [clock]);
  return now;
}
