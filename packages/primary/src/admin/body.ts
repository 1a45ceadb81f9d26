/** Reads the JSON body of a change. */
import type { IncomingMessage } from 'node:http';
import { refusal, type Reply } from './reply.ts';

/** Larger bodies are refused with 413, unless the path says otherwise. */
const MAX_BODY_BYTES: number = 64 * 1024;

/** What was read, or why not. */
export type BodyResult =
  | { readonly ok: true; readonly value: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly reply: Reply };

/**
 * The JSON object a client sent; no body is an empty object. A body must say that it is JSON: a page of another site cannot
 * without asking first (CORS preflight), which is refused. Rejects when the client goes away.
 */
export async function readJsonObject(
  request: IncomingMessage,
  maxBytes: number = MAX_BODY_BYTES,
): Promise<BodyResult> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) return tooLarge(maxBytes);
  const chunks: Buffer[] = [];
  let bytes = 0;
  // Leaving the loop must not destroy the request: that would cut the connection before the refusal is sent.
  const arriving = request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  for await (const chunk of arriving) {
    bytes += chunk.length;
    if (bytes > maxBytes) return tooLarge(maxBytes);
    chunks.push(chunk);
  }
  if (bytes === 0) return { ok: true, value: {} };
  const type = request.headers['content-type'] ?? '';
  if (!/^application\/json\s*(;|$)/i.test(type))
    return { ok: false, reply: refusal(415, 'expected Content-Type: application/json') };
  return parse(Buffer.concat(chunks).toString('utf8'));
}

function tooLarge(maxBytes: number): BodyResult {
  const message = `the body is larger than ${maxBytes / 1024} KiB`;
  return { ok: false, reply: refusal(413, message, { Connection: 'close' }) };
}

function parse(body: string): BodyResult {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return { ok: false, reply: refusal(400, 'the body is not JSON') };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { ok: false, reply: refusal(400, 'expected a JSON object') };
  return { ok: true, value: value as Record<string, unknown> };
}
