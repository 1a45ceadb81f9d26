/** Numbers with their units set smaller: `12.3 ms`, `3 h 12 min`. */
export function Measure({ text }: { readonly text: string }) {
  return (
    <>
      {text.split(' ').map((word, place) =>
        /^\p{L}|^%/u.test(word) ? (
          <span key={place} class="unit">
            {' '}
            {word}
          </span>
        ) : (
          `${place > 0 ? ' ' : ''}${word}`
        ),
      )}
    </>
  );
}
