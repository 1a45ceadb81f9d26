/** Makes an input smaller as long as it still shows what it shows. */

/** A long input that does not get shorter soon is shown as it is. */
const MAX_CHECKS = 20_000;

/** Takes away ever shorter spans while the check holds: in the end no single byte can go. */
export async function reduce(
  bytes: Buffer,
  isStillSo: (smaller: Buffer) => Promise<boolean>,
): Promise<Buffer> {
  let smallest = bytes;
  let checks = 0;
  const check = async (smaller: Buffer): Promise<boolean> =>
    ++checks <= MAX_CHECKS && (await isStillSo(smaller));
  for (let span = bytes.length >> 1; span >= 1;) {
    const shorter = await withoutOne(smallest, span, check);
    if (shorter !== undefined) smallest = shorter;
    else span >>= 1;
  }
  return smallest;
}

async function withoutOne(
  bytes: Buffer,
  span: number,
  isStillSo: (smaller: Buffer) => Promise<boolean>,
): Promise<Buffer | undefined> {
  for (let at = 0; at + span <= bytes.length; at += span) {
    const shorter = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + span)]);
    if (await isStillSo(shorter)) return shorter;
  }
  return undefined;
}
