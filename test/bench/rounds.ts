/** Turns, interleaved: neighbours in time are what is compared, for the machine may be another one a minute later. */

/**
 * Gives each entrant one turn a round and returns its samples by name, in the order of the rounds. Every other round goes
 * backwards, so that a drift meets first and last alike.
 */
export async function interleave<E extends { readonly name: string }, S>(
  entrants: readonly E[],
  rounds: number,
  turn: (entrant: E) => Promise<S>,
): Promise<ReadonlyMap<string, readonly S[]>> {
  const samples = new Map<string, S[]>(entrants.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? entrants : entrants.toReversed();
    for (const entrant of order) {
      const sample = await turn(entrant).catch((error: unknown) => {
        throw new Error(`${entrant.name}, round ${round + 1}`, { cause: error });
      });
      samples.get(entrant.name)?.push(sample);
    }
  }
  return samples;
}
