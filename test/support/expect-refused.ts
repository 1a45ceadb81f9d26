/** The one thing that every malformed request must meet: an answer of the balancer's, a closed connection, no backend. */
import { expect } from '@jest/globals';
import { type FrontOptions, startFront } from './front.ts';
import { type RawResponse, askUntilClosed, headerOf } from './raw-client.ts';

/**
 * Sends it on a connection of its own and holds that it is answered exactly once, with this status, that the connection is
 * closed behind it, and that no backend saw a request. Returns the answer.
 */
export async function expectRefused(
  text: string | Buffer,
  status = 400,
  options: FrontOptions = {},
): Promise<RawResponse> {
  await using front = await startFront(options);
  const [answer, ...more] = await askUntilClosed(front.port, text);
  if (answer === undefined) throw new Error('closed without an answer');
  expect([answer, ...more].map((each) => each.status)).toEqual([status]);
  expect(headerOf(answer, 'connection')).toBe('close');
  expect(headerOf(answer, 'x-request-id')).toBeDefined();
  expect(front.backend.requests).toEqual([]);
  expect(front.backend.violations).toEqual([]);
  return answer;
}
