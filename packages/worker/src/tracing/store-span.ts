/** The span of something that is asked of the store on behalf of a request. @see https://opentelemetry.io/docs/specs/semconv/database/database-spans/ */
import { StoreError } from '@lb/shared/store/store';
import type { Exchange } from '../request/exchange.ts';
import { ChildSpan } from './child-span.ts';
import type { SpanContent } from './span.ts';
import type { Trace } from './trace.ts';

export class StoreSpan extends ChildSpan {
  readonly #operation: string;
  readonly #storeName: string;

  constructor(trace: Trace, operation: string, storeName: string) {
    super(trace);
    this.#operation = operation;
    this.#storeName = storeName;
  }

  override get content(): SpanContent {
    return {
      name: `store ${this.#operation}`,
      hasFailed: this.error !== undefined,
      attributes: {
        'db.system.name': this.#storeName,
        'db.operation.name': this.#operation,
        'error.type': this.error,
      },
    };
  }
}

/** The same promise; where the request is traced, the time until it settles is a span. */
export function traceStoreCall<T>(
  { trace }: Pick<Exchange, 'trace'>,
  operation: string,
  call: Promise<T>,
): Promise<T> {
  if (trace === undefined) return call;
  const span = trace.beginStoreCall(operation);
  return call.then(
    (result) => {
      span.end();
      return result;
    },
    (error: unknown) => {
      span.fail(error instanceof StoreError ? error.failure : 'internal_error');
      throw error;
    },
  );
}
