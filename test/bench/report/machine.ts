/** What was measured with: without it, figures say nothing. */
import os from 'node:os';
import { TOOL_NAMES, toolVersion } from '../tools.ts';

/** One fact a line, by its name. */
export type Facts = Readonly<Record<string, string>>;

/** Looks at the machine; before the run, for the load average is then that of others. */
export function machineFacts(): Facts {
  const versions = TOOL_NAMES.flatMap((tool) => {
    const version = toolVersion(tool);
    return version === undefined || tool === 'taskset' ? [] : [`${tool} ${version}`];
  });
  return {
    date: new Date().toISOString().slice(0, 10),
    CPU: `${os.cpus()[0]?.model.trim() ?? 'unknown'}, ${os.availableParallelism()} cores`,
    kernel: `${os.type()} ${os.release()}`,
    Node: process.version,
    programs: versions.join(', '),
    'load average at the start': `${os.loadavg()[0]?.toFixed(1)} (others at work when above 0.5)`,
  };
}
