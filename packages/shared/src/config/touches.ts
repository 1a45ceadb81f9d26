/** What a change does to traffic, one sentence each: to connections, sessions, health, tunnels and workers. */
import type { ChangeSubject, ConfigChange } from './diff.ts';
import type { Config } from './schema/root.ts';

/** What flows at this moment, over all workers. */
export interface Traffic {
  /** Requests and tunnels of a backend; 0 when there is none of this name. */
  inFlight(pool: string, backend: string): number;
  /** Open client connections of a listener; 0 when there is none of this name. */
  connections(listener: string): number;
}

/** Between what a change happens. */
export interface Transition {
  readonly before: Config;
  readonly after: Config;
  /** Worker processes: `auto` is a number here. */
  readonly workers: { readonly before: number; readonly after: number };
  readonly traffic: Traffic;
}

const NOTHING = 'nothing in flight is touched';
const FROM_NOW_ON = `requests from now on; ${NOTHING}`;

/** The sentence for one change; never a secret. */
export function touches({ subject, needsRestart }: ConfigChange, transition: Transition): string {
  if (needsRestart) return 'nothing: it takes effect at the next start';
  switch (subject.kind) {
    case 'listener':
      return listenerTouches(subject, transition);
    case 'route':
      return subject.how === 'removed'
        ? 'its requests go to the next route that matches, or get 404; tunnels stay'
        : `requests from now on; tunnels stay, ${NOTHING}`;
    case 'pool':
      return poolTouches(subject, transition);
    case 'backend':
      return backendTouches(subject, transition.traffic);
    case 'setting':
      return settingTouches(subject.key, transition);
    case 'file':
      return `TLS handshakes from now on; idle connections are opened anew, ${NOTHING}`;
  }
}

type Named = Pick<ChangeSubject, 'how' | 'key'> & { readonly name: string };

function listenerTouches({ name, how, key }: Named, { before, traffic }: Transition): string {
  const open = count(traffic.connections(name), 'open connection');
  const rest = `${open} end with the request in them, tunnels stay`;
  if (how === 'added') return 'bound now; connections of other listeners stay';
  if (how === 'removed') return `closed: ${rest}`;
  if (key === 'bind') return `bound anew; on the bind before, ${rest}`;
  if (key !== 'accept') return `${open} stay`;
  const accept = before.listeners.find((listener) => listener.name === name)?.accept;
  const queue =
    accept === 'shared' ? '' : '; those that wait in the queue that closes may be reset';
  return `accepted in another way on the same port: ${open} stay${queue}`;
}

/** Keys of a pool that decide who gets a request, and nothing else. */
const CHOICE: readonly string[] = ['policy', 'hashOn', 'hashBalanceFactor', 'backends'];

function poolTouches({ name, how, key }: Named, { before, traffic }: Transition): string {
  if (how === 'added') return 'its backends are probed from now on';
  if (how === 'removed') {
    const backends = before.pools[name]?.backends ?? [];
    const inFlight = backends.map((backend) => traffic.inFlight(name, backend.name));
    return ending(inFlight.reduce((sum, each) => sum + each, 0));
  }
  const [section = ''] = key.split('.');
  if (CHOICE.includes(section)) return `who gets the requests from now on; ${NOTHING}`;
  switch (section) {
    case 'healthCheck':
      return `its backends are probed at once, and keep their state until then; ${NOTHING}`;
    case 'sticky':
      return 'sessions that were bound by the settings before are bound anew; tunnels stay';
    case 'connections':
    case 'tls':
      return `idle connections to its backends are opened anew; ${NOTHING}`;
    default:
      return FROM_NOW_ON;
  }
}

function backendTouches(
  { pool, name, how, key }: Named & { readonly pool: string },
  traffic: Traffic,
): string {
  if (how === 'added') return 'probed at once; gets its share of the requests from now on';
  const left = ending(traffic.inFlight(pool, name));
  if (how === 'removed') return left;
  if (key === 'url') return `another server, whose health is not known yet; before: ${left}`;
  return `its share of the requests from now on; ${NOTHING}`;
}

function settingTouches(key: string, { workers }: Transition): string {
  const [section = ''] = key.split('.');
  switch (section) {
    case 'workers':
      return workersTouch(workers.after - workers.before);
    case 'store':
      return 'counts, sessions and changes at run time are kept in the other store from now on; those in this one stay behind';
    case 'secret':
      return 'sessions whose cookie was made with the secret before are bound anew';
    case 'caches':
      return `what is kept stays, as far as it fits; ${FROM_NOW_ON}`;
    case 'shutdown':
      return 'the next drain';
    case 'metrics':
      return 'samples from now on; those that wait are written where they were to go, if that can be done at once';
    case 'log':
      return 'log lines from now on';
    default:
      return FROM_NOW_ON;
  }
}

function workersTouch(more: number): string {
  if (more === 0) return 'nothing: there are as many already';
  if (more > 0) return `${more} more ${more === 1 ? 'starts' : 'start'}; ${NOTHING}`;
  return `${-more} of them ${more === -1 ? 'drains' : 'drain'}: requests finish, tunnels close`;
}

function ending(inFlight: number): string {
  if (inFlight === 0) return 'nothing is in flight to it';
  return `${inFlight} in flight: requests finish, tunnels close`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
