/** One entry of `routes.*.match.hosts`. */

/** Takes one host name, every name below one, or all. */
export class HostRule {
  /** The name, or the name above those it takes; '' takes every host. Lower case. */
  readonly name: string;
  /** With its dot, so that `xgood.example` is not below `good.example`. */
  readonly #ending: string | undefined;

  /** @param pattern `good.example`, `*.good.example` or `*`, in any case */
  constructor(pattern: string) {
    const lower = pattern.toLowerCase();
    const isBelow = lower.startsWith('*.');
    this.name = isBelow ? lower.slice(2) : lower.replace('*', '');
    this.#ending = isBelow ? `.${this.name}` : undefined;
  }

  /** @param hostname in lower case, without port */
  takes(hostname: string): boolean {
    if (this.#ending === undefined) return this.name === '' || hostname === this.name;
    return hostname.length > this.#ending.length && hostname.endsWith(this.#ending);
  }
}
