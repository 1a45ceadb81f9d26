/** What becomes of a request's fields on their way to the backend. */
import { startFront } from './front.ts';
import { ask, requestText } from './raw-client.ts';
import { valuesOf } from './strict-request-parser.ts';

/**
 * Sends a GET with these fields and returns the values that the backend got under a name.
 * @throws Error when what it got is no request by the letter of RFC 9112
 */
export async function seen(
  name: string,
  fields: readonly string[],
  config = '',
): Promise<readonly string[]> {
  await using front = await startFront({ config });
  await ask(front.port, requestText('GET /', fields));
  const [violation] = front.backend.violations;
  if (violation !== undefined) throw new Error(violation);
  return valuesOf(front.backend.only, name);
}
