/** Turns a JSON log line into one for people: `12:00:01.250 WARN  backend down  pool=web backend=b1`. */

const COLOUR_OF: Readonly<Record<string, number>> = {
  trace: 90,
  debug: 90,
  info: 32,
  warn: 33,
  error: 31,
  fatal: 35,
};

/** Fields that every line has, or that are written in a place of their own. */
const KNOWN = new Set(['level', 'time', 'pid', 'process', 'msg', 'err']);

/** A value that needs no quotes; anything else is quoted, so that no byte of it can steer a terminal. */
const PLAIN = /^[!#-<>-~]+$/;

/** Formats one line; a text that is no JSON object comes back as it was. */
export function prettyLine(line: string, colours: boolean): string {
  const entry = parseEntry(line);
  if (entry === undefined) return line;
  const level = String(entry['level']);
  const paint = (text: string, code: number): string =>
    colours ? `\u001b[${code}m${text}\u001b[0m` : text;
  const speaker = String(entry['process']);
  const parts = [
    paint(String(entry['time']).slice(11, 23), 90),
    paint(level.toUpperCase().padEnd(5), COLOUR_OF[level] ?? 0),
    ...(speaker === 'primary' ? [] : [paint(`[${speaker}]`, 90)]),
    typeof entry['msg'] === 'string' ? entry['msg'] : '',
  ];
  const fields = Object.entries(entry)
    .filter(([key]) => !KNOWN.has(key))
    .map(([key, value]) => `${paint(`${key}=`, 36)}${fieldText(value)}`);
  const head = parts.join(' ');
  return `${fields.length === 0 ? head : `${head}  ${fields.join(' ')}`}\n${errorText(entry['err'])}`;
}

function parseEntry(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    // Not ours: shown as it is.
    return undefined;
  }
}

function fieldText(value: unknown): string {
  if (typeof value === 'string') return PLAIN.test(value) ? value : JSON.stringify(value);
  return JSON.stringify(value);
}

function errorText(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  const text = 'stack' in error ? error.stack : 'message' in error ? error.message : undefined;
  return typeof text === 'string' ? `${text.replace(/^/gm, '    ')}\n` : '';
}
