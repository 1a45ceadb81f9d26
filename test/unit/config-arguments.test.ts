import { describe, expect, test } from '@jest/globals';
import { configFromArguments } from '@lb/shared/config/from-arguments';

const NOTHING = { listen: undefined, to: [], admin: undefined, workers: undefined };

describe('a configuration from the command line', () => {
  test('balances between the given backends on port 8080', () => {
    const parsed = configFromArguments({ ...NOTHING, to: ['http://a', 'http://b:81'] });

    expect(parsed).toMatchObject({
      ok: true,
      warnings: [],
      config: {
        workers: 'auto',
        listeners: [{ name: ':8080', bind: ':8080' }],
        routes: [{ name: 'default', action: { kind: 'pool', pool: 'default' } }],
        pools: { default: { backends: [{ name: 'a:80' }, { name: 'b:81' }] } },
        admin: { bind: '127.0.0.1:9090' },
      },
    });
  });

  test('takes where to listen, the admin address and the number of workers', () => {
    const parsed = configFromArguments({
      listen: 'unix:/run/lb.sock',
      to: ['http://a'],
      admin: '127.0.0.1:0',
      workers: '2',
    });

    expect(parsed).toMatchObject({
      config: {
        workers: 2,
        listeners: [{ bind: 'unix:/run/lb.sock' }],
        admin: { bind: '127.0.0.1:0' },
      },
    });
  });

  test('names the flag of every mistake', () => {
    const parsed = configFromArguments({
      listen: '8080',
      to: ['a:9001', 'http://b'],
      admin: '0.0.0.0:9090',
      workers: 'many',
    });

    expect(parsed).toMatchObject({
      ok: false,
      errors: [
        {
          path: '--workers',
          message: 'expected "auto" or a whole number from 1 to 1024, found "many"',
        },
        { path: '--listen', hint: 'did you mean ":8080"?' },
        { path: '--to', hint: 'did you mean "http://a:9001"?', line: 0, file: '' },
        { path: '--admin' },
      ],
    });
  });

  test('wants a backend', () => {
    expect(configFromArguments(NOTHING)).toMatchObject({
      ok: false,
      errors: [{ path: '--to', message: 'expected at least one backend' }],
    });
  });
});
