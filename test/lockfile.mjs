/**
 * Keeps package-lock.json fit for every machine: no registry host in it, and an entry for every optional dependency.
 *
 * npm records a platform's binary only when the registry it asked has that package. A mirror that carries a few platforms
 * leaves holes, and `npm ci` refuses a lock file with holes. An entry needs the version and the platform alone: npm never
 * asks the registry for a package of another platform.
 *
 *     node test/lockfile.mjs          says what is wrong, exit 1
 *     node test/lockfile.mjs --fix    puts it right
 */
import { readFile, writeFile } from 'node:fs/promises';

const FILE = new URL('../package-lock.json', import.meta.url);
const SYSTEMS = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openharmony', 'win32'];
const CPUS = ['arm', 'arm64', 'ia32', 'loong64', 'ppc64', 'riscv64', 's390x', 'wasm32', 'x64'];
const LIBCS = { gnu: 'glibc', gnueabihf: 'glibc', musl: 'musl', musleabihf: 'musl' };

const lock = JSON.parse(await readFile(FILE, 'utf8'));
const fix = process.argv.includes('--fix');
const problems = [];

for (const [path, entry] of Object.entries(lock.packages)) {
  if (/^https?:/.test(entry.resolved ?? '')) {
    problems.push(`${path}: names a registry host`);
    delete entry.resolved;
  }
}
for (const [path, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    if (isLocked(path, name)) continue;
    problems.push(`${path || 'package.json'}: no entry for its optional dependency ${name}`);
    lock.packages[`node_modules/${name}`] = platformEntry(name, version, entry.dev === true);
  }
}

if (problems.length > 0 && fix) {
  lock.packages = Object.fromEntries(
    Object.entries(lock.packages).sort(([left], [right]) => left.localeCompare(right, 'en')),
  );
  await writeFile(FILE, `${JSON.stringify(lock, null, 2)}\n`);
  process.stdout.write(`package-lock.json: ${problems.length} put right\n`);
} else if (problems.length > 0) {
  process.stderr.write(`${problems.join('\n')}\nrun: node test/lockfile.mjs --fix\n`);
  process.exitCode = 1;
}

/** True when Node's lookup, from the package at `path` upwards, meets an entry for `name`. */
function isLocked(path, name) {
  for (let folder = path; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/')))) {
    if (lock.packages[`${folder === '' ? '' : `${folder}/`}node_modules/${name}`]) return true;
    if (folder === '') return false;
  }
}

/** What npm would have written about a binary package of another platform, as its name tells it. */
function platformEntry(name, version, isDev) {
  const words = name.slice(name.lastIndexOf('/') + 1).split('-');
  const os = words.filter((word) => SYSTEMS.includes(word));
  const cpu = words.filter((word) => CPUS.includes(word));
  const libc = words.flatMap((word) => LIBCS[word] ?? []);
  if (os.length + cpu.length === 0 || !/^\d+\.\d+\.\d+\S*$/.test(version)) {
    throw new Error(
      `${name}@${version}: neither a platform nor an exact version to be read from it`,
    );
  }
  return {
    version,
    ...(cpu.length > 0 && { cpu }),
    ...(isDev && { dev: true }),
    ...(libc.length > 0 && os.includes('linux') && { libc }),
    optional: true,
    ...(os.length > 0 && { os }),
  };
}
