import { describe, expect, test } from '@jest/globals';
import { UNSUPPORTED_KEYS, UNSUPPORTED_VALUES } from '@lb/shared/config/unsupported';
import { errorsOf } from '../support/config-text.ts';

/** A file with every section; `{shape}` is where the tests write. */
const SLOTS = `{}
listeners:
  - bind: {listeners.[].bind}
    accept: {listeners.[].accept}
    protocols: [{listeners.[].protocols.[]}]
    limits: { maxHeaders: 100 {listeners.[].limits} }
    {listeners.[]}
routes:
  - pool: web
    match: { methods: [{routes.[].match.methods.[]}] {routes.[].match} }
    {routes.[]}
pools:
  web:
    policy: {pools.*.policy}
    engine: {pools.*.engine}
    backends:
      - {pools.*.backends.[]}
      - { url: {pools.*.backends.[].url} {pools.*.backends.[]KEY} }
    healthCheck: { type: {pools.*.healthCheck.type}, method: {pools.*.healthCheck.method} }
    retries: { on: [{pools.*.retries.on.[]}], methods: [{pools.*.retries.methods.[]}] {pools.*.retries} }
    connections: { protocol: {pools.*.connections.protocol} }
    {pools.*}
admin: { bind: 127.0.0.1:9090 }
`;

const FINE: Readonly<Record<string, string>> = {
  'listeners.[].bind': '":8080"',
  'listeners.[].accept': 'shared',
  'listeners.[].protocols.[]': 'http/1.1',
  'routes.[].match.methods.[]': 'GET',
  'pools.*.policy': 'p2c',
  'pools.*.engine': 'http-proxy-3',
  'pools.*.backends.[]': 'http://127.0.0.1:9001',
  'pools.*.backends.[].url': 'http://127.0.0.1:9002',
  'pools.*.healthCheck.type': 'http',
  'pools.*.healthCheck.method': 'GET',
  'pools.*.retries.on.[]': 'connect',
  'pools.*.retries.methods.[]': 'GET',
  'pools.*.connections.protocol': 'auto',
};

/** Puts a text into one slot and something fine, or nothing, into the others. */
function fill(slot: string, text: string): string {
  return SLOTS.replaceAll(/\{([a-z]+(?:\.[^}\s]*)?|)\}/gi, (_, name: string) =>
    name === slot ? text : (FINE[name] ?? ''),
  );
}

const keys = Object.entries(UNSUPPORTED_KEYS).flatMap(([shape, names]) =>
  names.map((name): [string, string] => [shape, name]),
);

const SAMPLES: Readonly<Record<string, readonly string[]>> = {
  'pools.*.policy': ['first', 'geo', './my-policy.ts'],
  'pools.*.backends.[]': ['h2c://127.0.0.1:9001'],
  'pools.*.backends.[].url': ['h2c://127.0.0.1:9001'],
};

const values = Object.entries(UNSUPPORTED_VALUES).flatMap(([shape, forms]) => {
  const words = forms.filter((form) => typeof form === 'string');
  return (SAMPLES[shape] ?? words).map((value): [string, string] => [shape, value]);
});

describe('what is planned and does not work yet', () => {
  test('stands in a file that is fine without it', () => {
    expect(errorsOf(fill('nothing', ''))).toEqual([]);
  });

  test.each(keys)('is refused by its name: the key %s %s', (shape, key) => {
    const inline = ['listeners.[].limits', 'routes.[].match', 'pools.*.backends.[]'].includes(
      shape,
    );
    const flow = inline || ['pools.*.retries', 'admin'].includes(shape);
    const slot = shape === 'pools.*.backends.[]' ? 'pools.*.backends.[]KEY' : shape;
    const errors = errorsOf(fill(slot, `${flow ? ', ' : ''}${key}: null`));

    expect(errors.map(({ message, hint }) => [message, hint])).toEqual([
      [`"${key}" is not supported yet`, null],
    ]);
    expect(errors[0]?.excerpt?.slice((errors[0]?.column ?? 0) - 1)).toMatch(new RegExp(`^${key}:`));
  });

  test.each(values)('is refused by its name: at %s the value %s', (shape, value) => {
    const errors = errorsOf(fill(shape, value));

    expect(errors.map(({ message, hint }) => [message, hint])).toEqual([
      [`"${value}" is not supported yet`, null],
    ]);
    expect(errors[0]?.length).toBe(value.length);
  });

  test('is the whole list of the reference', () => {
    expect(keys.map(([shape, key]) => `${shape} ${key}`.trim()).sort()).toEqual(
      [
        'auths',
        'geo',
        'listeners.[] tls',
        'listeners.[] proxyProtocol',
        'listeners.[].limits connectionsPerIp',
        'listeners.[].limits h2MaxConcurrentStreams',
        'routes.[].match countries',
        'routes.[] auth',
        'pools.* discovery',
        'pools.*.backends.[] zone',
      ].sort(),
    );
  });
});
