/**
 * A shared cache in a few lines, written from the text of RFC 9111 and from what docs/caching.md promises beside it: which
 * requests are answered with what is stored. Slow and plain; it knows one address, and no validation.
 */

/** What a client asks with; all at one address. */
export interface ModelRequest {
  readonly authorization: boolean;
  readonly cookie: boolean;
  /** A field that answers vary by. */
  readonly kind: string;
  /** Directives of Cache-Control. */
  readonly directives: readonly string[];
}

export interface ModelAnswer {
  readonly status: number;
  readonly directives: readonly string[];
  readonly age: string | undefined;
  /** Seconds from Date; `bad` for what is no date. */
  readonly expires: number | 'bad' | undefined;
  readonly vary: 'X-Kind' | '*' | undefined;
  readonly setCookie: boolean;
}

interface Kept {
  readonly answer: ModelAnswer;
  readonly body: string;
  readonly kind: string;
  readonly receivedS: number;
}

/** docs/caching.md: about the way of asking. */
const NOT_KEPT = [400, 413, 431, 501];

export class CacheModel {
  readonly #defaultTtlS: number;
  #kept: Kept[] = [];

  constructor(defaultTtlS: number) {
    this.#defaultTtlS = defaultTtlS;
  }

  /** The body that is stored and may be used; undefined when a backend has to be asked. */
  use(request: ModelRequest, nowS: number): string | undefined {
    const kept = this.#find(request);
    if (kept === undefined) return undefined;
    const ageS = this.#ageS(kept, nowS);
    const freshS = this.#lifetimeS(kept.answer) - ageS;
    // Section 5.2.1.
    const maxAge = valueOf(request.directives, 'max-age');
    const minFresh = valueOf(request.directives, 'min-fresh');
    if (has(request.directives, 'no-cache') || freshS <= 0) return undefined;
    if (maxAge !== undefined && ageS > Number(maxAge)) return undefined;
    if (minFresh !== undefined && freshS < Number(minFresh)) return undefined;
    return kept.body;
  }

  /** A backend was asked, and this is its answer. */
  learn(request: ModelRequest, answer: ModelAnswer, body: string, nowS: number): void {
    const before = this.#find(request);
    if (!this.mayStore(request, answer)) {
      // What is stored is not what there is now; an error of the server says nothing of it.
      if (answer.status < 500) this.#kept = this.#kept.filter((kept) => kept !== before);
      return;
    }
    this.#kept = this.#kept.filter((kept) => kept.answer.vary === answer.vary && kept !== before);
    this.#kept.push({ answer, body, kind: request.kind, receivedS: nowS });
  }

  /** Section 3. */
  mayStore(
    request: ModelRequest,
    { status, directives, vary, setCookie, expires }: ModelAnswer,
  ): boolean {
    if (NOT_KEPT.includes(status) || isForbidden(request, { status, directives, vary }))
      return false;
    const isPublic = has(directives, 'public');
    // Section 3.5.
    const isPermitted =
      isPublic ||
      has(directives, 'must-revalidate') ||
      valueOf(directives, 's-maxage') !== undefined;
    if (request.authorization && !isPermitted) return false;
    if (setCookie && !isPublic) return false;
    const isExplicit =
      valueOf(directives, 's-maxage') !== undefined ||
      valueOf(directives, 'max-age') !== undefined ||
      expires !== undefined;
    if (isExplicit) return true;
    if (has(directives, 'no-cache') || this.#defaultTtlS === 0) return false;
    const isOneUsers = (request.authorization || request.cookie) && !isPublic;
    return !isOneUsers && (isPublic || [200, 203, 404].includes(status));
  }

  #find(request: ModelRequest): Kept | undefined {
    return this.#kept.find(
      ({ answer, kind }) => answer.vary === undefined || kind === request.kind,
    );
  }

  /** Section 4.2.1. */
  #lifetimeS({ age, directives, expires }: ModelAnswer): number {
    if (has(directives, 'no-cache')) return 0;
    // Nobody knows how old it is.
    if (age !== undefined && !/^\d+$/.test(age)) return 0;
    const said = valueOf(directives, 's-maxage') ?? valueOf(directives, 'max-age');
    if (said !== undefined) return Number(said);
    if (expires !== undefined) return expires === 'bad' ? 0 : expires;
    return this.#defaultTtlS;
  }

  /** Section 4.2.3; Date is the moment at which the answer came, and nothing takes time. */
  #ageS({ answer, receivedS }: Kept, nowS: number): number {
    const age = /^\d+$/.test(answer.age ?? '') ? Number(answer.age) : 0;
    return age + nowS - receivedS;
  }
}

/** By a directive, or because nothing tells whom it is for. */
function isForbidden(
  request: ModelRequest,
  { status, directives, vary }: Pick<ModelAnswer, 'status' | 'directives' | 'vary'>,
): boolean {
  const isUnderstood = status !== 599;
  if (has(directives, 'must-understand') ? !isUnderstood : has(directives, 'no-store')) return true;
  return has(request.directives, 'no-store') || has(directives, 'private') || vary === '*';
}

function has(directives: readonly string[], name: string): boolean {
  return directives.includes(name);
}

/** Of the first. */
function valueOf(directives: readonly string[], name: string): string | undefined {
  return directives.find((directive) => directive.startsWith(`${name}=`))?.slice(name.length + 1);
}
