/** Short ways to a parsed configuration, for tests that are about what a text means. */
import type { Config } from '@lb/shared/config/schema/root';
import { type ConfigError, type ParsedConfig, parseConfig } from '@lb/shared/config/parse';
import { formatConfigErrors } from '@lb/shared/config/diagnostics';

/** The environment and the files a text may refer to. */
export interface World {
  readonly env?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
}

/** Parses a text called lb.yaml. */
export function parse(text: string, { env = {}, files = {} }: World = {}): ParsedConfig {
  return parseConfig({
    file: 'lb.yaml',
    text,
    env,
    readFile(path) {
      const content = files[path];
      if (content === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
      return content;
    },
  });
}

/** The configuration of a text without mistakes. @throws with the mistakes when there are some. */
export function configOf(text: string, world: World = {}): Config {
  const parsed = parse(text, world);
  if (!parsed.ok) throw new Error(formatConfigErrors(parsed.errors));
  return parsed.config;
}

/** The mistakes of a text; none when it has none. */
export function errorsOf(text: string, world: World = {}): readonly ConfigError[] {
  const parsed = parse(text, world);
  return parsed.ok ? [] : parsed.errors;
}

/** What is odd about a text without mistakes. @throws with the mistakes when there are some. */
export function warningsOf(text: string): readonly ConfigError[] {
  const parsed = parse(text);
  if (!parsed.ok) throw new Error(formatConfigErrors(parsed.errors));
  return parsed.warnings;
}

/** `3:11 listeners[0].bind: expected ...`, the form in which tests compare mistakes. */
export function brief({ line, column, path, message }: ConfigError): string {
  return `${line}:${column} ${path}: ${message}`;
}
