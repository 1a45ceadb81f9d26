/**
 * Reads server-sent events from the body of a response. The browser's EventSource does not tell why it failed, so that a page
 * could not know that the token is asked for.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html section 9.2.6
 */

export interface ServerSentEvent {
  /** '' without a name. */
  readonly name: string;
  readonly data: string;
  /** The last one that was given, by this event or one before; '' without. */
  readonly id: string;
}

/** Each event, and undefined for what only shows that the stream is alive. Ends with the body. */
export async function* serverSentEvents(
  body: ReadableStream<Uint8Array>,
): AsyncGenerator<ServerSentEvent | undefined, void, undefined> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  let id = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      rest += decoder.decode(value, { stream: true });
      const blocks = rest.split(/\r?\n\r?\n/);
      rest = blocks.pop() ?? '';
      for (const block of blocks) {
        const event = eventOf(block, id);
        id = event.id;
        yield event.data === '' ? undefined : event;
      }
    }
  } finally {
    await reader.cancel();
  }
}

function eventOf(block: string, lastId: string): ServerSentEvent {
  let name = '';
  let id = lastId;
  const data: string[] = [];
  for (const line of block.split(/\r?\n/)) {
    const [, field, value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (field === 'data') data.push(value);
    if (field === 'event') name = value;
    if (field === 'id') id = value;
  }
  return { name, data: data.join('\n'), id };
}
