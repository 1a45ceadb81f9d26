/** Where the configuration comes from, now and at every reload: a file, or the command line. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { ConfigArguments } from '@lb/shared/config/from-arguments';
import { readDocument } from '@lb/shared/config/document';
import { configFromArguments } from '@lb/shared/config/from-arguments';
import { plainValue } from '@lb/shared/config/located';
import type { ConfigError, ParsedConfig } from '@lb/shared/config/parse';
import { parseConfig } from '@lb/shared/config/parse';
import type { Config } from '@lb/shared/config/schema/root';
import type { ConfigFiles } from '@lb/shared/model/backend-tls';

/** A configuration as it was read. `hash` is 12 hexadecimal digits that change with the text. */
export interface Loaded {
  readonly ok: true;
  readonly config: Config;
  readonly hash: string;
  /** The values as they are written: without defaults, references to the environment and to files left as they are. */
  readonly written: unknown;
  readonly warnings: readonly ConfigError[];
  readonly files: ConfigFiles;
}

export type LoadedConfig = Loaded | { readonly ok: false; readonly errors: readonly ConfigError[] };

/** `path` is absolute, and null when there is no file; `shown` is what errors call it. */
export interface ConfigOrigin {
  readonly path: string | null;
  readonly shown: string;
  load(): Promise<LoadedConfig>;
  /** Reads another text the same way, as if it were the file. */
  parse(file: FileText): LoadedConfig;
}

/** A configuration that somebody has read. */
export interface FileText {
  /** Absolute; `${file:...}` and certificates in the text are relative to its directory. */
  readonly path: string;
  /** As errors should call it. */
  readonly shown: string;
  readonly text: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** What the command line says over the file, at the start and at every reload. */
export interface ConfigOverrides {
  readonly workers?: number | 'auto';
  readonly logLevel?: Config['log']['level'];
}

export interface FileOriginOptions {
  /** Absolute. */
  readonly path: string;
  /** As errors should call it. */
  readonly shown: string;
  readonly env: Environment;
  readonly overrides: ConfigOverrides;
}

/** A configuration file. `${file:...}` and certificates in it are relative to its directory. */
export function fileOrigin(options: FileOriginOptions): ConfigOrigin {
  const { path, shown, env, overrides } = options;
  const parse = parser(env, overrides);
  return {
    path,
    shown,
    parse,
    async load() {
      let text: string;
      try {
        text = await readFile(path, 'utf8');
      } catch (error) {
        return { ok: false, errors: [unreadable(shown, error)] };
      }
      return parse({ path, shown, text });
    },
  };
}

/** The command line; a reload finds what it found before. @param env for other texts */
export function argumentsOrigin(
  flags: ConfigArguments,
  overrides: ConfigOverrides,
  env: Environment,
): ConfigOrigin {
  return {
    path: null,
    shown: '',
    parse: parser(env, overrides),
    load: async () => {
      const source = { text: JSON.stringify(flags), written: () => flags };
      return loaded(configFromArguments(flags), source, overrides);
    },
  };
}

function parser(env: Environment, overrides: ConfigOverrides): (file: FileText) => LoadedConfig {
  return ({ path, shown, text }) => {
    const parsed = parseConfig({
      file: shown,
      text,
      env,
      readFile: (name) => readFileSync(resolve(dirname(path), name), 'utf8'),
    });
    return loaded(parsed, { text, written: () => writtenValues(text) }, overrides);
  };
}

function loaded(
  parsed: ParsedConfig,
  { text, written }: { readonly text: string; readonly written: () => unknown },
  overrides: ConfigOverrides,
): LoadedConfig {
  if (!parsed.ok) return parsed;
  const { workers, logLevel } = overrides;
  const { config } = parsed;
  return {
    ok: true,
    written: written(),
    warnings: parsed.warnings,
    files: parsed.files,
    hash: createHash('sha256').update(text).digest('hex').slice(0, 12),
    config: Object.freeze({
      ...config,
      workers: workers ?? config.workers,
      log: logLevel === undefined ? config.log : { ...config.log, level: logLevel },
    }),
  };
}

function writtenValues(text: string): unknown {
  const env = new Proxy<Record<string, string>>({}, { get: (_, name) => `\${${String(name)}}` });
  const readName = (path: string): string => `\${file:${path}}`;
  const { root } = readDocument(text, { env, readFile: readName }, () => 'text');
  return root === null ? null : plainValue(root);
}

/** Why a file could not be read. */
export function unreadable(file: string, error: unknown): ConfigError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: 'no such file',
    EACCES: 'permission denied',
    EISDIR: 'this is a directory',
  };
  const reason = reasons[String(code)] ?? String(error);
  return configError(file, '', `cannot read the file: ${reason}`);
}

/** A mistake that has no place in the file. */
export function configError(
  file: string,
  path: string,
  message: string,
  hint: string | null = null,
): ConfigError {
  return { file, path, line: 0, column: 0, length: 0, message, hint, excerpt: null };
}
