import { describe, expect, test } from '@jest/globals';
import { DescriptorStream } from '@lb/shared/logging/descriptor-stream';
import { prettyLine } from '@lb/shared/logging/pretty-line';

/** A descriptor that takes so many bytes a write; 0 is a full pipe. */
function descriptor() {
  const state = { taken: '', room: Number.POSITIVE_INFINITY, code: 'EAGAIN' };
  const stream = new DescriptorStream(2, (_, bytes) => {
    if (state.room === 0) throw Object.assign(new Error(state.code), { code: state.code });
    const count = Math.min(state.room, bytes.length);
    state.taken += Buffer.from(bytes.subarray(0, count)).toString();
    state.room -= count;
    return count;
  });
  return { state, stream };
}

describe('the log stream', () => {
  test('finishes a line that a full pipe cut, before it begins another', () => {
    const { state, stream } = descriptor();
    state.room = 3;
    stream.write('first\n');
    state.room = 100;
    stream.write('second\n');
    expect(state.taken).toBe('first\nsecond\n');
  });

  test('drops whole lines while the pipe is full and says how many', () => {
    const { state, stream } = descriptor();
    state.room = 1;
    for (const line of ['one\n', 'two\n', 'three\n']) stream.write(line);
    state.room = 1_000;
    stream.write('four\n');
    expect(state.taken).toBe('one\n2 log lines were dropped\nfour\n');
  });

  test.each(['EPIPE', 'EBADF', 'ENOSPC'])('never throws: %s', (code) => {
    const { state, stream } = descriptor();
    state.room = 0;
    state.code = code;
    stream.write('lost\n');
    expect(stream.dropped).toBe(1);
  });
});

describe('a pretty line', () => {
  const time = '2026-01-02T03:04:05.678Z';

  test('has time, level, text and fields', () => {
    const line = {
      level: 'warn',
      time,
      pid: 1,
      process: 'primary',
      pool: 'web',
      n: 2,
      msg: 'backend down',
    };
    expect(prettyLine(JSON.stringify(line), false)).toBe(
      '03:04:05.678 WARN  backend down  pool=web n=2\n',
    );
  });

  test('names the worker, and quotes what could steer a terminal', () => {
    const line = { level: 'info', time, process: 'worker-1', path: '/\u001b[2J', msg: 'x' };
    expect(prettyLine(JSON.stringify(line), false)).toBe(
      '03:04:05.678 INFO  [worker-1] x  path="/\\u001b[2J"\n',
    );
  });

  test('shows the stack of an error below', () => {
    const line = {
      level: 'error',
      time,
      process: 'primary',
      msg: 'x',
      err: { stack: 'Error: no\n at y' },
    };
    expect(prettyLine(JSON.stringify(line), false)).toContain('x\n    Error: no\n     at y\n');
  });

  test('leaves alone what is no log line', () => {
    expect(prettyLine('plain\n', true)).toBe('plain\n');
  });
});
