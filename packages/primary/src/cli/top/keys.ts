/** What the keys send, by their names. */

const ESCAPE = '\u001b';

/** Behind an escape. */
const SEQUENCES: Readonly<Record<string, string>> = {
  '[A': 'up',
  '[B': 'down',
  '[5~': 'page-up',
  '[6~': 'page-down',
  OA: 'up',
  OB: 'down',
};

const CHARACTERS: Readonly<Record<string, string>> = {
  '\r': 'enter',
  '\n': 'enter',
  '\u007f': 'backspace',
  '\b': 'backspace',
  '\u0003': 'ctrl-c',
  '\u001a': 'ctrl-z',
};

const SEQUENCE = /^(?:\[[\d;]*[A-Za-z~]|O[A-Z])/;

/** The keys in a piece of input: a name from above, `escape`, or the character itself. Other sequences are left out. */
export function keysOf(input: string): string[] {
  const [before = '', ...behind] = input.split(ESCAPE);
  return [
    ...charactersOf(before),
    ...behind.flatMap((text) => {
      const sequence = SEQUENCE.exec(text)?.[0] ?? '';
      const key = sequence === '' ? 'escape' : SEQUENCES[sequence];
      return [...(key === undefined ? [] : [key]), ...charactersOf(text.slice(sequence.length))];
    }),
  ];
}

function charactersOf(text: string): string[] {
  return Array.from(text, (character) => CHARACTERS[character] ?? character);
}
