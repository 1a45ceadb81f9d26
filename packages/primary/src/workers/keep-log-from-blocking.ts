/** Keeps a log that nobody reads from stopping the primary. */
import process from 'node:process';

/**
 * To be called after each fork. libuv makes the standard descriptors of a new process blocking; that holds for the open file
 * itself, which primary and workers share as stderr, so that a write of any of them to a full pipe would wait for ever.
 * `setBlocking` is the handle's own, which Node does not document; tried on Node 24.21.
 * @see uv__process_child_init in libuv's process.c
 */
export function keepLogFromBlocking(): void {
  const { _handle: handle } = process.stderr as { readonly _handle?: unknown };
  if (isBlockable(handle)) handle.setBlocking(false);
}

/** Pipes and sockets; a file and a terminal are none. */
function isBlockable(handle: unknown): handle is { setBlocking(blocking: boolean): number } {
  return typeof handle === 'object' && handle !== null && 'setBlocking' in handle;
}
