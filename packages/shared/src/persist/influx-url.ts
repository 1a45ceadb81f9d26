/** Where InfluxDB is, as lb.yaml has it; what the URL asks for says which API is spoken. */

/** What a URL says. */
export type InfluxUrl = {
  /** `https://host:8086/path/`: what the paths of the API are put behind. */
  readonly base: string;
} & (
  | {
      readonly api: 'v1';
      readonly database: string;
      /** Retention policy; undefined for the default of the database. */
      readonly policy: string | undefined;
      readonly user: string | undefined;
      readonly password: string | undefined;
    }
  | { readonly api: 'v2'; readonly org: string; readonly bucket: string }
);

/** A second "@" would belong to a password that is not written as it has to be, and no message may repeat half of it. */
const SHAPE = /^https?:\/\/(?:[^/?#@\s]+@)?[^/?#@\s]+(?:\/[^?#@\s]*)?\?[^#\s]+$/i;

const V1_KEYS: readonly string[] = ['db', 'rp'];
const V2_KEYS: readonly string[] = ['org', 'bucket'];

/** `http://user:password@host:8086/?db=NAME` or `http://host:8086/?org=NAME&bucket=NAME`; undefined for anything else. */
export function parseInfluxUrl(text: string): InfluxUrl | undefined {
  if (!SHAPE.test(text) || !URL.canParse(text)) return undefined;
  const { origin, pathname, searchParams, username, password } = new URL(text);
  const base = `${origin}${pathname.replace(/\/*$/, '/')}`;
  const keys = [...searchParams.keys()];
  if (new Set(keys).size !== keys.length || [...searchParams.values()].includes(''))
    return undefined;
  const [database, org, bucket] = ['db', 'org', 'bucket'].map((key) => searchParams.get(key));
  if (typeof database === 'string' && keys.every((key) => V1_KEYS.includes(key))) {
    const policy = searchParams.get('rp') ?? undefined;
    const [user, secret] = [username, password].map(decoded);
    return { api: 'v1', base, database, policy, user, password: secret };
  }
  const isV2 = keys.every((key) => V2_KEYS.includes(key)) && username === '' && password === '';
  if (typeof org !== 'string' || typeof bucket !== 'string' || !isV2) return undefined;
  return { api: 'v2', base, org, bucket };
}

function decoded(part: string): string | undefined {
  try {
    return part === '' ? undefined : decodeURIComponent(part);
  } catch {
    // A lone "%": meant as it is written.
    return part;
  }
}
