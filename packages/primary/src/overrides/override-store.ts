/**
 * Where overrides are kept: a file of this instance, or a place that several share. A field names a backend as
 * `pool/backend`; its value is text that only the table understands.
 */
export interface OverrideStore {
  /** Everything that is kept. @throws Error that says what is wrong with the place */
  load(): Promise<Map<string, string>>;
  /** Keeps a value, or takes the field away with null. Called one at a time, as is clear. @throws Error when it cannot */
  set(field: string, value: string | null): Promise<void>;
  /** Takes all away and says how many there were. @throws Error when it cannot */
  clear(): Promise<number>;
}
