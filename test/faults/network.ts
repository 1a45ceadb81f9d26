/**
 * Where balancer, client and backends live: on the loopback network, or in two network namespaces with a wire between them that
 * can lose everything.
 *
 *     client ─ lo ─ balancer ── lb0 ═══ wire ═══ be0 ── backends on 10.77.0.11, .12, .13
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { eventually } from '../support/eventually.ts';

export interface Network extends AsyncDisposable {
  /** What starts a process at either end, with its arguments. */
  readonly atBalancer: readonly string[];
  readonly atBackends: readonly string[];
  /** One address for each backend. */
  readonly hosts: readonly string[];
}

/** A network whose wire can be cut. */
export interface Wire extends Network {
  /** From now on what the balancer sends to that backend is lost without a word, and so is every answer to it. */
  lose(place: number): void;
  find(place: number): void;
  /** All of it, both ways, for good. */
  cut(): void;
  readonly balancerHost: string;
}

/** The balancer's end. */
const NEAR = '10.77.0.1';
/** Packets to it reach nobody. */
const NOBODY = '02:00:00:00:00:99';
/** A namespace lives as long as this process. */
const KEEPER = ['sleep', '3600'];

export const LOOPBACK: Network = {
  atBalancer: [],
  atBackends: [],
  hosts: ['127.0.0.1', '127.0.0.1', '127.0.0.1'],
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

/** Why there can be no namespaces here, or undefined where there can. */
export function noNamespaces(): string | undefined {
  const { error, status, stderr } = spawnSync(
    'unshare',
    ['-rn', 'ip', 'link', 'add', 'lb0', 'type', 'veth', 'peer', 'name', 'be0'],
    { encoding: 'utf8' },
  );
  if (error !== undefined) return error.message;
  return status === 0 ? undefined : `namespaces are not allowed here: ${stderr.trim()}`;
}

/** @throws Error where namespaces are not allowed */
export async function openWire(): Promise<Wire> {
  await using keepers = new AsyncDisposableStack();
  const near = await namespace(['unshare', '-rn', ...KEEPER], keepers);
  const atBalancer = entering(near);
  const far = await namespace([...atBalancer, 'unshare', '-n', ...KEEPER], keepers);
  const atBackends = entering(far);
  const hosts = [11, 12, 13].map((last) => `10.77.0.${last}`);
  const ip = (at: readonly string[], line: string): void => run([...at, 'ip', ...line.split(' ')]);
  ip(atBalancer, 'link set lo up');
  ip(atBalancer, `link add lb0 type veth peer name be0 netns ${far}`);
  ip(atBalancer, `addr add ${NEAR}/24 dev lb0`);
  for (const host of hosts) ip(atBackends, `addr add ${host}/24 dev be0`);
  ip(atBackends, 'link set be0 up');
  ip(atBalancer, 'link set lb0 up');
  const owned = keepers.move();
  return {
    atBalancer,
    atBackends,
    hosts,
    lose: (place) =>
      ip(atBalancer, `neigh replace ${hosts[place]} lladdr ${NOBODY} dev lb0 nud permanent`),
    cut: () => {
      for (const host of hosts)
        ip(atBalancer, `neigh replace ${host} lladdr ${NOBODY} dev lb0 nud permanent`);
      ip(atBackends, `neigh replace ${NEAR} lladdr ${NOBODY} dev be0 nud permanent`);
    },
    balancerHost: NEAR,
    find: (place) => ip(atBalancer, `neigh del ${hosts[place]} dev lb0`),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Returns the process that keeps it. */
async function namespace(words: readonly string[], keepers: AsyncDisposableStack): Promise<number> {
  const [file = '', ...args] = words;
  const keeper = spawn(file, args, { stdio: 'ignore' });
  keepers.adopt(keeper, end);
  // Until the keeper runs, its process is still in the namespace that it came from.
  await eventually(() => {
    if (programOf(keeper.pid) !== KEEPER[0]) throw new Error('the namespace is not there');
  });
  return keeper.pid ?? 0;
}

function programOf(pid = 0): string {
  return spawnSync('cat', [`/proc/${pid}/comm`], { encoding: 'utf8' }).stdout.trim();
}

function entering(pid: number): readonly string[] {
  return ['nsenter', '-t', String(pid), '-U', '-n', '--preserve-credentials'];
}

function run(words: readonly string[]): void {
  const [file = '', ...args] = words;
  const { status, stderr } = spawnSync(file, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${words.join(' ')}: ${stderr}`);
}

async function end(keeper: ChildProcess): Promise<void> {
  keeper.kill('SIGKILL');
  if (keeper.exitCode === null && keeper.signalCode === null) await once(keeper, 'exit');
}
