/** Visitors: whoever comes on a new connection, asks once, and goes. */
import http from 'node:http';

/** GET on a connection of its own; the status, or how it failed. */
export function getOnce(port: number, path = '/'): Promise<string> {
  return statusOf({ port, host: '127.0.0.1', path });
}

/** The same for a unix socket. */
export function statusOf(options: http.RequestOptions): Promise<string> {
  return new Promise((resolve) => {
    const request = http.get({ ...options, agent: false }, (response) => {
      response.resume();
      response.once('end', () => resolve(String(response.statusCode)));
    });
    request.once('error', (error) => resolve('code' in error ? String(error.code) : error.message));
  });
}

/** GETs one after the other on new connections until stopped; resolves to how often each came out how. */
export function startVisitors(port: number, visitors: number) {
  const outcomes = new Map<string, number>();
  const stopping = new AbortController();
  const visit = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const outcome = await getOnce(port);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
  };
  const all = Promise.all(Array.from({ length: visitors }, visit));
  return {
    outcomes,
    async stop(): Promise<ReadonlyMap<string, number>> {
      stopping.abort();
      await all;
      return outcomes;
    },
  };
}
