/** `${NAME}`, `${NAME:-default}` and `${file:/path}` inside one value. It works on values that were parsed, so what it inserts is never read as YAML. */

/** Where the values come from. */
export interface Outside {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** @throws when the file cannot be read. */
  readFile(path: string): string;
}

/** A reference that could not be followed; `reference` is its text in the value. */
export interface BadReference {
  readonly reference: string;
  readonly message: string;
  readonly hint: string | null;
}

/** What became of a value. */
export interface Interpolated {
  readonly text: string;
  /** Something was inserted: the text may hold a secret. */
  readonly replaced: boolean;
  /** The value was one reference and nothing else. */
  readonly whole: boolean;
  readonly bad: readonly BadReference[];
}

const SYNTAX = 'write ${NAME}, ${NAME:-default} or ${file:/path}; "$${" stands for a literal "${"';

/** Replaces every reference; `$${` becomes a literal `${`. A variable that is empty takes its default, like in a shell. */
export function interpolate(value: string, outside: Outside): Interpolated {
  const bad: BadReference[] = [];
  let text = '';
  let rest = value;
  let references = 0;
  for (let found = /\$?\$\{/.exec(rest); found !== null; found = /\$?\$\{/.exec(rest)) {
    text += rest.slice(0, found.index);
    const opened = rest.slice(found.index);
    if (found[0] === '$${') {
      text += '${';
      rest = opened.slice(3);
      continue;
    }
    references += 1;
    const close = opened.indexOf('}');
    const reference = close === -1 ? opened : opened.slice(0, close + 1);
    const result = close === -1 ? refuse(reference) : follow(reference, outside);
    if (typeof result === 'string') text += result;
    else bad.push(result);
    rest = opened.slice(reference.length);
  }
  return {
    text: text + rest,
    replaced: references > 0,
    whole: references === 1 && /^\$\{[^}]*\}$/.test(value),
    bad,
  };
}

function follow(reference: string, outside: Outside): string | BadReference {
  const inner = reference.slice(2, -1);
  if (inner.startsWith('file:')) return readSecret(reference, inner.slice('file:'.length), outside);
  const match = /^([A-Za-z_][A-Za-z0-9_]*)(?::-([^]*))?$/.exec(inner);
  if (match === null || inner.includes('${')) return refuse(reference);
  const [, name = '', fallback] = match;
  const value = Object.hasOwn(outside.env, name) ? outside.env[name] : undefined;
  if (fallback !== undefined) return value === undefined || value === '' ? fallback : value;
  if (value !== undefined) return value;
  return {
    reference,
    message: `environment variable ${name} is not set`,
    hint: `set it, or give a default: \${${name}:-...}`,
  };
}

function readSecret(reference: string, path: string, outside: Outside): string | BadReference {
  if (path === '') return refuse(reference);
  try {
    return outside.readFile(path).replace(/\r?\n$/, '');
  } catch (error) {
    // Only the code: the text of an error may quote what it read.
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'failed';
    return {
      reference,
      message: `cannot read the file ${JSON.stringify(path)} (${code})`,
      hint: null,
    };
  }
}

function refuse(reference: string): BadReference {
  return { reference, message: 'not a reference to a variable or a file', hint: SYNTAX };
}
