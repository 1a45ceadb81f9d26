/**
 * The one gate, the same at a desk and in CI: cheapest step first, stops at the first that fails and shows its output.
 *
 *     npm run check                  every step
 *     npm run check -- lint types    these steps
 */
import { spawnSync } from 'node:child_process';
import { delimiter } from 'node:path';
import { fileURLToPath } from 'node:url';

const STEPS = {
  lockfile: ['node', 'test/lockfile.mjs'],
  format: ['prettier', '--check', '--log-level', 'warn', '.'],
  lint: ['oxlint', '--type-aware'],
  types: ['tsc', '-b'],
  imports: ['depcruise', '--config', '.dependency-cruiser.mjs', 'packages'],
  'dead-code': ['knip', '--no-config-hints'],
  generated: ['node', '--conditions=@lb/source', 'test/generate.ts', '--check'],
};

const root = fileURLToPath(new URL('..', import.meta.url));
const tools = fileURLToPath(new URL('../node_modules/.bin', import.meta.url));
const env = {
  ...process.env,
  PATH: `${tools}${delimiter}${process.env.PATH}`,
  ...(!process.stdout.isTTY && { NO_COLOR: '1' }),
};
const wanted = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(STEPS);

process.exitCode = run(wanted);

/** Runs the steps in order; 0 when all passed, 1 at the first that failed, 2 for a step that there is none of. */
function run(names) {
  for (const name of names) {
    if (!Object.hasOwn(STEPS, name)) {
      process.stderr.write(`no step "${name}"; there are: ${Object.keys(STEPS).join(', ')}\n`);
      return 2;
    }
  }
  for (const name of names) {
    const [command, ...args] = STEPS[name];
    const started = performance.now();
    const { status, signal, error, stdout, stderr } = spawnSync(command, args, {
      cwd: root,
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      maxBuffer: 64 * 1024 * 1024,
    });
    const seconds = ((performance.now() - started) / 1000).toFixed(1).padStart(5);
    process.stdout.write(`${status === 0 ? 'ok  ' : 'FAIL'} ${seconds} s  ${name}\n`);
    if (status === 0) continue;
    process.stdout.write(`\n${stdout ?? ''}${stderr ?? ''}`);
    process.stdout.write(
      `\n${[command, ...args].join(' ')}: ${error ?? signal ?? `exit ${status}`}\n`,
    );
    return 1;
  }
  return 0;
}
