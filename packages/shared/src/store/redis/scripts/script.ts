/** What the scripts in this folder are: Lua that Redis runs without anything in between. */

export interface Script {
  /** Of the command that it becomes. */
  readonly name: string;
  readonly lua: string;
}

export type ScriptArgument = string | number | Buffer;

/** Runs a script: its text goes over once for each connection, its hash from then on. */
export interface ScriptRunner {
  /**
   * @param keys of one slot, where there are several
   * @throws StoreError
   */
  run(script: Script, keys: readonly string[], args: readonly ScriptArgument[]): Promise<unknown>;

  /** Same; texts in the result are bytes. */
  runForBytes(
    script: Script,
    keys: readonly string[],
    args: readonly ScriptArgument[],
  ): Promise<unknown>;
}
