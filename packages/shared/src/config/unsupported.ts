/**
 * What the configuration will have and does not have yet. Refusing it by this name, instead of calling it unknown, tells
 * people that they wrote it right. An entry leaves the table when the schema learns it; a test notices one that stayed.
 */
import type { Path } from './located.ts';

/** Keys by the shape of the map they stand in; '' is the whole file. */
export const UNSUPPORTED_KEYS: Readonly<Record<string, readonly string[]>> = {
  '': ['auths', 'geo'],
  'listeners.[]': ['tls', 'proxyProtocol'],
  'listeners.[].limits': ['connectionsPerIp', 'h2MaxConcurrentStreams'],
  'routes.[]': ['auth'],
  'routes.[].match': ['countries'],
  'pools.*': ['discovery'],
  'pools.*.backends.[]': ['zone'],
};

/** Values by the shape of their path: whole words, or a form. */
export const UNSUPPORTED_VALUES: Readonly<Record<string, readonly (string | RegExp)[]>> = {
  'listeners.[].protocols.[]': ['h2', 'h2c'],
  'routes.[].match.methods.[]': ['CONNECT'],
  'pools.*.policy': ['first', 'geo', /^\.{0,2}\/.*\.[cm]?[jt]s$/],
  'pools.*.backends.[]': [/^h2c:\/\//i],
  'pools.*.backends.[].url': [/^h2c:\/\//i],
  'pools.*.healthCheck.type': ['grpc'],
  'pools.*.healthCheck.method': ['CONNECT'],
  'pools.*.retries.methods.[]': ['CONNECT'],
  'pools.*.connections.protocol': ['h2'],
  'rateLimits.*.key': [/(^|\+)\s*jwt:/],
};

/** True for a key that is planned in the map at this path. Asked only about keys the schema refused. */
export function isUnsupportedKey(parent: Path, key: string): boolean {
  const shape = shapeOf(parent);
  return Object.hasOwn(UNSUPPORTED_KEYS, shape) && (UNSUPPORTED_KEYS[shape] ?? []).includes(key);
}

/** True for a value that is planned at this path. Asked only about values the schema refused. */
export function isUnsupportedValue(path: Path, value: string | number | boolean | null): boolean {
  const shape = shapeOf(path);
  const forms = Object.hasOwn(UNSUPPORTED_VALUES, shape) ? (UNSUPPORTED_VALUES[shape] ?? []) : [];
  const text = String(value);
  return forms.some((form) => (typeof form === 'string' ? form === text : form.test(text)));
}

/** Sections whose keys are names of the user's. */
const MAPS: readonly (string | number | undefined)[] = ['pools', 'rateLimits'];

/** `pools.api.backends[0]` -> `pools.*.backends.[]`. */
function shapeOf(path: Path): string {
  return path
    .map((segment, depth) => {
      if (typeof segment === 'number') return '[]';
      return depth === 1 && MAPS.includes(path[0]) ? '*' : segment;
    })
    .join('.');
}
