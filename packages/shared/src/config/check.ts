/** The checks every configuration goes through, whether it came from a file or from the command line. */
import { expand } from './expand.ts';
import { schemaProblems } from './issues.ts';
import { type Located, type Problem, plainValue } from './located.ts';
import { referenceProblems } from './references.ts';
import type { ConfigFiles } from '../model/backend-tls.ts';
import { type Config, root as schema } from './schema/root.ts';
import { type ReadFile, readTlsFiles } from './tls-files.ts';
import { warningsFor } from './warnings.ts';

/** A configuration, or all that is wrong with it. */
export type Checked =
  | {
      readonly config: Config;
      readonly warnings: readonly Problem[];
      readonly files: ConfigFiles;
    }
  | { readonly config: null; readonly problems: readonly Problem[] };

/**
 * @param found what was wrong before; with it there is no configuration, but the rest is still checked.
 * @param readFile reads what the configuration names
 */
export function checkTree(root: Located, found: readonly Problem[], readFile: ReadFile): Checked {
  const parsed = schema.safeParse(plainValue(root));
  const tls = readTlsFiles(root, readFile);
  const problems = [
    ...found,
    ...schemaProblems(parsed.error?.issues ?? [], root, schema),
    ...referenceProblems(root),
    ...tls.problems,
  ];
  if (!parsed.success || problems.length > 0) return { config: null, problems };
  const config = expand(parsed.data);
  return { config, warnings: warningsFor(config, root), files: tls.files };
}
