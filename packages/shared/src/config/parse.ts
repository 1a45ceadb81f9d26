/**
 * lb.yaml -> Config.
 *
 *     text ─ document ─▶ tree ─┬─ schema ─────▶ values ─ expand ─▶ Config
 *                              └─ references ─▶ problems (all of them, with their lines)
 */
import { checkTree } from './check.ts';
import { type ConfigError, toConfigErrors } from './config-error.ts';
import { type Wanted, readDocument } from './document.ts';
import type { ConfigFiles } from '../model/backend-tls.ts';
import type { Path } from './located.ts';
import { type Config, root as schema } from './schema/root.ts';
import { facetAt } from './schema/shape.ts';
import * as z from 'zod';

export type { ConfigError } from './config-error.ts';

/** A file to read, and the world it may refer to. */
export interface ConfigSource {
  /** As errors should call it. */
  readonly file: string;
  readonly text: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** For `${file:...}` and for certificates. @throws when the file cannot be read. */
  readFile(path: string): string;
}

/** A frozen configuration with what is odd about it, or everything that is wrong, sorted by position. */
export type ParsedConfig =
  | {
      readonly ok: true;
      readonly config: Config;
      readonly warnings: readonly ConfigError[];
      /** What it names and was read along with it; not to be shown: there are keys among them. */
      readonly files: ConfigFiles;
    }
  | { readonly ok: false; readonly errors: readonly ConfigError[] };

/** Reads a configuration. Never throws for what the text, the environment or a file says. */
export function parseConfig(source: ConfigSource): ParsedConfig {
  // Editors and lines do not count a byte order mark.
  const text = source.text.replace(/^\uFEFF/, '');
  const { root, problems } = readDocument(text, source, wantedAt);
  if (root === null) return { ok: false, errors: toConfigErrors(source.file, text, problems) };
  const checked = checkTree(root, problems, (path) => source.readFile(path));
  if (checked.config === null) {
    return { ok: false, errors: toConfigErrors(source.file, text, checked.problems) };
  }
  const warnings = toConfigErrors(source.file, text, checked.warnings);
  return { ok: true, config: checked.config, warnings, files: checked.files };
}

/** A token of digits from the environment is still a token: text stays text where the schema wants it. */
function wantedAt(path: Path): Wanted {
  const facet = facetAt(schema, path);
  if (!(facet?.core instanceof z.ZodString)) return 'any';
  return facet.nullable ? 'text or null' : 'text';
}
