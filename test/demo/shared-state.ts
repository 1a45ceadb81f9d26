/** Requests to several instances in turn that show whether these share rate limits and sessions. */

/** Where an instance serves. */
export interface Front {
  readonly name: string;
  readonly url: string;
}

/** What was found, in words too. */
export interface Finding {
  readonly isShared: boolean;
  readonly said: string;
}

/** Of deploy/two-instances/lb.yaml. */
const BURST = 10;

/** One token may come back meanwhile, on a machine that is very slow. */
const COMES_BACK = 1;

/** As many requests to each of two instances as the limit allows to both together. */
export async function showLimit(fronts: readonly Front[]): Promise<Finding> {
  let answered = 0;
  const counts = fronts.map(({ name }) => ({ name, answered: 0, refused: 0 }));
  for (let round = 0; round < BURST; round++) {
    for (const [place, { url }] of fronts.entries()) {
      const response = await fetch(`${url}/limited`);
      await response.text();
      const count = counts[place];
      if (count === undefined) continue;
      if (response.status === 429) count.refused++;
      else count.answered++;
      if (response.ok) answered++;
    }
  }
  const each = counts.map(
    (count) => `${count.name} answered ${count.answered}, refused ${count.refused}`,
  );
  return {
    isShared: answered >= BURST && answered <= BURST + COMES_BACK,
    said: `limit of ${BURST}: ${each.join('; ')}`,
  };
}

/** Ten requests with the cookie of one instance, to all in turn. */
export async function showSession(fronts: readonly Front[]): Promise<Finding> {
  const [first] = fronts;
  const begun = await fetch(`${first?.url}/`);
  await begun.text();
  const [cookie = ''] = begun.headers.getSetCookie().map((line) => line.split(';')[0] ?? '');
  const seen = new Set([begun.headers.get('x-backend')]);
  let given = 0;
  for (let sent = 0; sent < 10; sent++) {
    const response = await fetch(`${fronts[sent % fronts.length]?.url}/`, { headers: { cookie } });
    await response.text();
    seen.add(response.headers.get('x-backend'));
    given += response.headers.getSetCookie().length;
  }
  return {
    isShared: cookie !== '' && seen.size === 1 && given === 0,
    said: `session begun at ${first?.name}: 10 requests over all instances went to ${[...seen].join(', ')}`,
  };
}
