/** The ports of the demo: which they are, whether they are free, and lb.yaml with other ones in it. */
import { createServer } from 'node:net';
import { parseArgs } from 'node:util';

/** `backends` are three ports in a row. */
export interface DemoPorts {
  readonly listener: number;
  readonly admin: number;
  readonly backends: readonly [number, number, number];
}

const DEFAULTS = { port: '8080', 'admin-port': '9090', 'backend-port': '9001' };

/** How to choose other ports, for people. */
export const PORT_HELP =
  'choose others: npm run demo -- --port 8081 --admin-port 9091 --backend-port 9101\n' +
  '(or DEMO_PORT, DEMO_ADMIN_PORT and DEMO_BACKEND_PORT in the environment; backends take three ports in a row)';

/**
 * Reads flags, then the environment, then the defaults.
 * @throws RangeError when a port is no port, TypeError for an unknown flag.
 */
export function readDemoOptions(
  args: string[],
  env: NodeJS.ProcessEnv,
): { readonly ports: DemoPorts; readonly once: boolean } {
  const { values } = parseArgs({
    args,
    options: {
      port: { type: 'string', default: env['DEMO_PORT'] ?? DEFAULTS.port },
      'admin-port': { type: 'string', default: env['DEMO_ADMIN_PORT'] ?? DEFAULTS['admin-port'] },
      'backend-port': {
        type: 'string',
        default: env['DEMO_BACKEND_PORT'] ?? DEFAULTS['backend-port'],
      },
      once: { type: 'boolean', default: false },
    },
  });
  const first = readPort(values['backend-port']);
  const ports: DemoPorts = {
    listener: readPort(values.port),
    admin: readPort(values['admin-port']),
    backends: [first, first + 1, first + 2],
  };
  return { ports, once: values.once };
}

function readPort(text: string): number {
  const port = Number(text);
  // Two more backends take the ports after the first.
  if (!Number.isInteger(port) || port < 1 || port > 65_533) {
    throw new RangeError(`not a port from 1 to 65533: ${text}`);
  }
  return port;
}

/** True when the ports are those that lb.yaml names. */
export function areDefault(ports: DemoPorts): boolean {
  return (
    String(ports.listener) === DEFAULTS.port &&
    String(ports.admin) === DEFAULTS['admin-port'] &&
    String(ports.backends[0]) === DEFAULTS['backend-port']
  );
}

/** lb.yaml with these ports in the place of its own. */
export function withPorts(yaml: string, ports: DemoPorts): string {
  const first = Number(DEFAULTS['backend-port']);
  const replacements = new Map([
    [DEFAULTS.port, ports.listener],
    [DEFAULTS['admin-port'], ports.admin],
    ...ports.backends.map((port, index): [string, number] => [String(first + index), port]),
  ]);
  return yaml.replace(/:(\d{4})\b/g, (whole, port: string) => {
    const replacement = replacements.get(port);
    return replacement === undefined ? whole : `:${replacement}`;
  });
}

/** The ports among these that another process holds. */
export async function takenPorts(ports: DemoPorts): Promise<number[]> {
  const taken: number[] = [];
  if (!(await isFree(ports.listener, '0.0.0.0'))) taken.push(ports.listener);
  for (const port of [ports.admin, ...ports.backends]) {
    if (!(await isFree(port, '127.0.0.1'))) taken.push(port);
  }
  return taken;
}

/** @throws Error when the system refuses the port for another reason than its being taken. */
function isFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false);
      else reject(error);
    });
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
