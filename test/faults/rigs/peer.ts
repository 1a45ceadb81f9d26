/** A peer: a program of the system with a configuration file, and a log that is read when the run is over. */
import { readFileSync, writeFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { findTool, type Tool } from '../../bench/tools.ts';
import { eventually } from '../../support/eventually.ts';
import { isListening } from '../../support/kernel-sockets.ts';
import type { Passed } from '../logs.ts';
import type { Rig, Site } from './rig.ts';

interface Peer {
  readonly tool: Tool & ('nginx' | 'haproxy');
  /** Text of its configuration. */
  readonly configure: (site: Site, log: string) => string;
  readonly args: (file: string, folder: string) => readonly string[];
  /** Finds id, status, and what says how often it was tried. */
  readonly line: RegExp;
  readonly triesOf: (text: string) => number;
}

/** Of what it wrote on stderr, enough to say why it failed. */
const LOG_CHARACTERS = 4_000;

export function peerRig(peer: Peer): Rig {
  const { tool, configure, args } = peer;
  return {
    name: tool,
    isInstalled: () => findTool(tool) !== undefined,
    async start(site) {
      const file = join(site.folder, `${tool}.conf`);
      const log = join(site.folder, 'access.log');
      writeFileSync(log, '');
      writeFileSync(file, configure(site, log));
      // Its stdout is the log, whatever it is; exec leaves no shell between.
      const shell = ['sh', '-c', 'log=$1; shift; exec "$@" >> "$log"', 'sh', log];
      const program = [findTool(tool) ?? tool, ...args(file, site.folder)];
      const [command = 'sh', ...rest] = [...site.through, ...shell, ...program];
      const child = spawn(command, rest, { stdio: ['ignore', 'ignore', 'pipe'] });
      let errors = '';
      child.stderr.on('data', (chunk: Buffer) => {
        errors = (errors + chunk.toString()).slice(-LOG_CHARACTERS);
      });
      const stop = async (): Promise<void> => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        child.kill('SIGTERM');
        await once(child, 'exit');
      };
      await eventually(() => {
        if (child.exitCode !== null) throw new Error(`${tool} ended:\n${errors}`);
        if (!isListening(child.pid ?? 0, site.port)) throw new Error(`${tool} does not listen`);
      }).catch(async (error: unknown) => {
        await stop();
        throw error;
      });
      return {
        port: site.port,
        pid: child.pid ?? 0,
        passed: () => Promise.resolve(passedOf(readFileSync(log, 'utf8'), peer)),
        [Symbol.asyncDispose]: stop,
      };
    },
  };
}

function passedOf(text: string, { line, triesOf }: Peer): Passed[] {
  return text.split('\n').flatMap((entry) => {
    const [, id, status, tries] = line.exec(entry) ?? [];
    if (id === undefined || status === undefined || tries === undefined) return [];
    return [{ id: Number(id), status: Number(status), tries: triesOf(tries) }];
  });
}
