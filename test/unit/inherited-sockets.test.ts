import { describe, expect, test } from '@jest/globals';
import {
  inheritedDescriptors,
  InheritedSockets,
} from '@lb/primary/internal/listeners/inherited-sockets';
import { configOf, errorsOf } from '../support/config-text.ts';

const ours = (env: Record<string, string>) => [
  ...inheritedDescriptors({ LISTEN_PID: '42', ...env }, 42),
];

describe('descriptors that were handed over', () => {
  test('are numbered from 3 and have names, some perhaps the same', () => {
    expect(ours({ LISTEN_FDS: '3', LISTEN_FDNAMES: 'web:inner:web' })).toEqual([
      ['web', [3, 5]],
      ['inner', [4]],
    ]);
  });

  test('are called unknown without a name', () => {
    expect(ours({ LISTEN_FDS: '2', LISTEN_FDNAMES: 'web' })).toEqual([
      ['web', [3]],
      ['unknown', [4]],
    ]);
  });

  test.each([{}, { LISTEN_FDS: 'x' }, { LISTEN_FDS: '1', LISTEN_PID: '43' }])(
    'are none by %j',
    (env) => {
      expect(ours(env)).toEqual([]);
    },
  );
});

describe('opening one', () => {
  test.each([
    [new Map(), 'no sockets were handed over'],
    [new Map([['other', [3]]]), 'no socket of this name was handed over; there are other'],
    [new Map([['web', [3, 4]]]), '2 sockets have this name'],
    [new Map([['web', [9_999]]]), 'descriptor 9999 is no TCP or unix stream socket'],
  ])('%j: %s', (descriptors, message) => {
    const result = new InheritedSockets(descriptors).open('web');
    expect(result).toMatchObject({ ok: false, message: expect.stringContaining(message) });
  });
});

describe('bind: fd:NAME', () => {
  const yaml = (listener: string): string =>
    `listeners: [${listener}]\npools: { web: { backends: ["http://127.0.0.1:1"] } }`;

  test('is a bind like others, and may not be used twice', () => {
    expect(configOf(yaml('{ bind: "fd:web" }')).listeners[0]).toMatchObject({ name: 'fd:web' });
    expect(errorsOf(yaml('{ bind: "fd:web" }, { bind: "fd:web" }'))).toHaveLength(1);
  });

  test.each(['reuseport', 'round-robin'])('has no %s', (accept) => {
    const [error] = errorsOf(yaml(`{ bind: "fd:web", accept: ${accept} }`));
    expect(error).toMatchObject({ path: 'listeners[0].accept', hint: 'use shared' });
  });
});
