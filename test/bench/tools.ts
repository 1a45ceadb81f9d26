/** Programs that the benchmark runs and does not bring: where they are, which version, what to install. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

/** A program, by its command. */
export type Tool = keyof typeof TOOLS;

interface ToolFacts {
  readonly debianPackage: string;
  readonly versionFlag: string;
  readonly isRequired: boolean;
}

const TOOLS = {
  nginx: { debianPackage: 'nginx-light', versionFlag: '-v', isRequired: true },
  wrk: { debianPackage: 'wrk', versionFlag: '-v', isRequired: true },
  taskset: { debianPackage: 'util-linux', versionFlag: '--version', isRequired: true },
  haproxy: { debianPackage: 'haproxy', versionFlag: '-v', isRequired: false },
  caddy: { debianPackage: 'caddy', versionFlag: 'version', isRequired: false },
  'redis-server': { debianPackage: 'redis-server', versionFlag: '--version', isRequired: false },
  h2load: { debianPackage: 'nghttp2-client', versionFlag: '--version', isRequired: false },
} as const satisfies Record<string, ToolFacts>;

/** Names of all of them. */
export const TOOL_NAMES = Object.keys(TOOLS) as Tool[];

/** Where the command is, or undefined. Servers are in sbin, which not every user's PATH has. */
export function findTool(tool: Tool): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/usr/local/sbin'];
  return folders.map((folder) => join(folder, tool)).find(isExecutable);
}

/** Its version, digits and dots. */
export function toolVersion(tool: Tool): string | undefined {
  const path = findTool(tool);
  if (path === undefined) return undefined;
  const { stdout, stderr } = spawnSync(path, [TOOLS[tool].versionFlag], { encoding: 'utf8' });
  return /\d+(\.\d+)+/.exec(stdout + stderr)?.[0] ?? 'of unknown version';
}

/** What to say about programs that are not there; fatal when nothing can be measured without them. */
export function missingTools(): { readonly line: string; readonly isFatal: boolean } | undefined {
  const missing = TOOL_NAMES.filter((tool) => findTool(tool) === undefined);
  if (missing.length === 0) return undefined;
  const packages = missing.map((tool) => TOOLS[tool].debianPackage).join(' ');
  const isFatal = missing.some((tool) => TOOLS[tool].isRequired);
  const consequence = isFatal ? 'nothing can be measured' : 'going on without';
  return {
    line: `not installed: ${missing.join(', ')} (apt-get install ${packages}); ${consequence}`,
    isFatal,
  };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    // Not there, or not for this user.
    return false;
  }
}
