/** Everything that one balancer meets in one case: three backends, the client, and the logs of all. */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ports } from '../bench/ports.ts';
import { type BackendProcess, startBackendProcesses } from '../support/backend-process.ts';
import { eventually } from '../support/eventually.ts';
import { HEALTHY, type Orders } from './backend/orders.ts';
import { type Load, startLoad } from './load/start-load.ts';
import type { Plan } from './load/plan.ts';
import { type Logs, readLines, type Sent, type Served } from './logs.ts';
import { LOOPBACK, type Network } from './network.ts';
import type { Balancer, Rig, Settings } from './rigs/rig.ts';

const BACKEND = fileURLToPath(new URL('backend/fault-backend.ts', import.meta.url));
const BACKENDS = 3;
const HOST = '127.0.0.1';
/** More than a client sends. */
const IDS = 10_000_000;
/** Longer than any balancer waits for a backend, with its retries. */
const PATIENCE_MS = 10_000;
/** Lines of an access log are written in the background. */
const LOG_MS = 2_000;

export interface SceneOptions {
  readonly rig: Rig;
  readonly settings?: Settings;
  readonly network?: Network;
  /** Where the balancer listens. */
  readonly host?: string;
  /** Each backend's orders at first. */
  readonly orders?: Partial<Orders>;
}

export class Scene implements AsyncDisposable {
  readonly balancer: Balancer;
  readonly backends: readonly BackendProcess[];
  readonly folder: string;
  readonly #host: string;
  readonly #network: Network;
  readonly #owned: AsyncDisposableStack;
  #loads = 0;

  private constructor(
    { network = LOOPBACK, host = HOST }: SceneOptions,
    parts: Pick<Scene, 'balancer' | 'backends' | 'folder'>,
    owned: AsyncDisposableStack,
  ) {
    this.balancer = parts.balancer;
    this.backends = parts.backends;
    this.folder = parts.folder;
    this.#host = host;
    this.#network = network;
    this.#owned = owned;
  }

  static async open(options: SceneOptions): Promise<Scene> {
    const { rig, settings = {}, network = LOOPBACK, host = HOST, orders } = options;
    await using owned = new AsyncDisposableStack();
    const folder = mkdtempSync(join(tmpdir(), 'lb-faults-'));
    owned.defer(() => rmSync(folder, { recursive: true }));
    const ports = new Ports();
    const backends = owned.use(
      await startBackendProcesses(BACKENDS, {
        path: BACKEND,
        ports: [await ports.take(), await ports.take(), await ports.take()],
        args: (place) => [network.hosts[place] ?? '', folder],
        through: network.atBackends,
      }),
    );
    if (orders !== undefined)
      await Promise.all(backends.map((backend) => backend.tell({ ...HEALTHY, ...orders })));
    const own = join(folder, rig.name);
    mkdirSync(own);
    const balancer = owned.use(
      await rig.start({
        folder: own,
        host,
        port: await ports.take(),
        backends: backends.map(({ port }, place) => `${network.hosts[place]}:${port}`),
        settings,
        through: network.atBalancer,
      }),
    );
    return new Scene(options, { balancer, backends, folder }, owned.move());
  }

  /** GETs to `/`, with a POST for every nine, where the plan says nothing else. */
  async load(plan: Pick<Plan, 'rate' | 'requests'> & Partial<Plan>): Promise<Load> {
    const whole: Plan = {
      host: this.#host,
      port: this.balancer.port,
      firstId: this.#loads * IDS,
      postEvery: 10,
      largeEvery: 0,
      paths: ['/'],
      patienceMs: PATIENCE_MS,
      ...plan,
    };
    const file = join(this.folder, `client-${this.#loads++}.log`);
    return this.#owned.use(await startLoad(whole, file, this.#network.atBalancer));
  }

  /** What is known, once the balancer has had its time to write what it knows. */
  async logs(sent: readonly Sent[]): Promise<Logs> {
    const whole = sent.filter(({ ending }) => ending === 'whole').length;
    const passed = await eventually(async () => {
      const lines = await this.balancer.passed();
      if (lines.length < whole) throw new Error('lines are missing');
      return lines;
    }, LOG_MS).catch(() => this.balancer.passed());
    const logs = this.backends.map(({ name }) => join(this.folder, `${name}.log`));
    const served = logs.filter((path) => existsSync(path)).flatMap(readLines<Served>);
    return { sent, passed, served };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#owned.disposeAsync();
  }
}
