/** Bodies as compressible as real ones: words and numbers at random, in the forms that carry them. */

const WORDS =
  'account active address balance category city client color country created customer date delivery description discount email error event first group height id image index invoice item label language last level limit link list message method mobile model name next number object offer order page parent password path payment phone place price product profile quantity rating region report request result review role score search section session shipping size source stock store street style subject summary tax time title token total type unit update user value version view width zone'.split(
    ' ',
  );

/** The same numbers every time. @see Numerical Recipes, a linear congruential generator */
function generator(): (below: number) => number {
  let state = 20_261_126;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** A list of records, as an API answers. */
export function jsonBody(bytes: number): Buffer {
  const next = generator();
  const word = (): string => WORDS[next(WORDS.length)] ?? '';
  let text = '[';
  while (text.length < bytes) {
    text += `${JSON.stringify({
      id: next(1e9),
      name: `${word()} ${word()}`,
      price: next(1e6) / 100,
      inStock: next(2) === 1,
      tags: [word(), word()],
      updatedAt: new Date(1.7e12 + next(1e9) * 100).toISOString(),
    })},`;
  }
  return Buffer.from(text.slice(0, bytes));
}

/** A page of text and markup. */
export function htmlBody(bytes: number): Buffer {
  const next = generator();
  const word = (): string => WORDS[next(WORDS.length)] ?? '';
  const sentence = (): string => Array.from({ length: 4 + next(12) }, word).join(' ');
  let text = '<!doctype html><html><head><title>page</title></head><body>';
  while (text.length < bytes) {
    text += `<div class="${word()}-${word()}" id="${word()}${next(1e4)}"><h2>${word()} ${word()}</h2><p>${sentence()}. ${sentence()}.</p><a href="/${word()}/${next(1e5)}">${word()}</a></div>\n`;
  }
  return Buffer.from(text.slice(0, bytes));
}
