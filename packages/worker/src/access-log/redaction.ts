/** `log.access.redact`: values that no line may hold, of header fields and query parameters. */

const REDACTED = '[redacted]';

export class Redaction {
  /** Lower case. */
  readonly #names: ReadonlySet<string>;

  constructor(names: readonly string[]) {
    this.#names = new Set(names.map((name) => name.toLowerCase()));
  }

  /** The value of a field. @param lower the field's name in lower case */
  field(lower: string, value: string | undefined): string | undefined {
    return value !== undefined && this.#names.has(lower) ? REDACTED : value;
  }

  /** A query, without its question mark. */
  query(text: string): string {
    if (this.#names.size === 0) return text;
    return text
      .split('&')
      .map((parameter) => {
        const [name = ''] = parameter.split('=', 1);
        return this.#names.has(plainName(name)) ? `${name}=${REDACTED}` : parameter;
      })
      .join('&');
  }

  /** A target or a URL: its query. */
  reference(text: string): string {
    const at = text.indexOf('?');
    return at === -1 ? text : `${text.slice(0, at + 1)}${this.query(text.slice(at + 1))}`;
  }

  /** The Referer: as a field, and as a URL with a query of its own. */
  referer(value: string | undefined): string | undefined {
    return value === undefined ? undefined : this.field('referer', this.reference(value));
  }
}

/** A parameter's name: percent signs spell the same name in other ways. */
function plainName(name: string): string {
  if (!name.includes('%')) return name.toLowerCase();
  try {
    return decodeURIComponent(name).toLowerCase();
  } catch {
    // Not encoded by anybody's rules: taken as it stands.
    return name.toLowerCase();
  }
}
