/** Forks workers with node:cluster. Its own way of sharing sockets is not used: the primary binds and hands sockets over. */
import cluster from 'node:cluster';
import { keepLogFromBlocking } from './keep-log-from-blocking.ts';
import type { WorkerExit, ForkWorker } from './worker-process.ts';
import { isToPrimary } from './worker-process.ts';

/** Name of the environment variable that tells a worker its slot. */
const WORKER_SLOT_VARIABLE = 'LBCTL_WORKER_SLOT';

/**
 * V8 lets the space of young objects of a busy worker grow to three times 32 MiB; half of it costs no CPU time that could be
 * measured and 75 MiB less of resident memory (wrk -c100, Node 24.21).
 */
const YOUNG_SPACE_MIB = 16;

/**
 * glibc gives each thread memory of its own to allocate from, up to eight times the number of CPUs. One thread of a worker does
 * nearly all the work; two such places for all of them make it 0.9 MB smaller at rest (Node 24.21). Other C libraries ignore it.
 */
const MALLOC_ENVIRONMENT = { MALLOC_ARENA_MAX: '2' };

/**
 * Prepares node:cluster, once a process, and returns how to fork.
 * @param exec path of the worker's entry
 */
export function clusterFork(exec: string): ForkWorker {
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  const execArgv = [...process.execArgv, `--max-semi-space-size=${YOUNG_SPACE_MIB}`];
  cluster.setupPrimary({ exec, args: [], execArgv, serialization: 'advanced', silent: false });
  return (slot, listener) => {
    const place = { [WORKER_SLOT_VARIABLE]: String(slot) };
    const { process: child } = cluster.fork({ ...MALLOC_ENVIRONMENT, ...place });
    keepLogFromBlocking();
    let exited = false;
    const exit = (how: WorkerExit): void => {
      if (exited) return;
      exited = true;
      listener.exit(how);
    };
    child.on('message', (message) => {
      if (isToPrimary(message)) listener.message(message);
    });
    // A write to a dying process fails here as well; 'exit' follows and is what counts. A process that could not be
    // started has no 'exit', only this and 'close'.
    child.on('error', () => {
      if (child.pid === undefined) exit({ code: null, signal: null });
    });
    child.on('exit', (code, signal) => exit({ code, signal }));
    // 'close' comes when the channel is read to its end, so the last counters of a worker are not lost.
    child.on('close', (code, signal) => {
      exit({ code, signal });
      listener.gone();
    });
    return {
      pid: child.pid ?? 0,
      send(message, handle, sent) {
        if (!child.connected) {
          sent?.();
          return;
        }
        // The type knows sockets and servers only; raw handles travel as Node's own 'net.Native'.
        child.send(message, handle as never, () => sent?.());
      },
      kill: (signal) => void child.kill(signal),
    };
  };
}
