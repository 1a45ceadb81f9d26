import { describe, expect, test } from '@jest/globals';
import { type BodyFailure, RequestBody } from '@lb/worker/internal/request/request-body';
import { Timeline } from '../support/timeline.ts';

/** A chunked body under a limit of 100 bytes a second, and what it was called to account for. */
function slowBody(): {
  timeline: Timeline;
  failures: BodyFailure[];
  body: RequestBody;
  readonly send: (bytes: number) => Promise<void>;
} {
  const timeline = new Timeline();
  const failures: BodyFailure[] = [];
  const limits = { maxBytes: 0, idleMs: 1_000_000, minBytesPerSecond: 100, bufferBytes: 0 };
  const source = { pause: () => undefined, resume: () => undefined, socket: { bytesRead: 0 } };
  const body = new RequestBody(source, undefined, timeline, (failure) => failures.push(failure));
  body.limit(limits);
  return {
    timeline,
    failures,
    body,
    send: async (bytes) => {
      body.take(Buffer.alloc(bytes), 0, bytes);
      await timeline.advance(0);
    },
  };
}

const thirsty = { write: () => true, end: () => undefined };
const full = { write: () => false, end: () => undefined };

describe('the pace of a body', () => {
  test('does not matter in the first five seconds', async () => {
    const { body, send, timeline, failures } = slowBody();
    body.sendTo(thirsty);
    await timeline.advance(4_900);
    await send(1);
    expect(failures).toEqual([]);
    body.stop();
  });

  test('below bodyMinRate ends the request after that', async () => {
    const { body, send, timeline, failures } = slowBody();
    body.sendTo(thirsty);
    await timeline.advance(5_100);
    await send(1);
    expect(failures).toEqual(['request_timeout']);
  });

  test('above bodyMinRate is fine for any time', async () => {
    const { body, send, timeline, failures } = slowBody();
    body.sendTo(thirsty);
    for (let second = 0; second < 60; second++) {
      await timeline.advance(1_000);
      await send(110);
    }
    expect(failures).toEqual([]);
    body.stop();
  });

  test('does not count while the backend is slow to take the body', async () => {
    const { body, send, timeline, failures } = slowBody();
    body.sendTo(full);
    await send(10);
    await timeline.advance(60_000);
    body.resume();
    await send(1);
    expect(failures).toEqual([]);
    body.stop();
  });
});
