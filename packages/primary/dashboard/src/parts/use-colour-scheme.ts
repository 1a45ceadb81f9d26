/** Light or dark, as the system has it; what is drawn on a canvas has to be drawn again when that changes. */
import { useEffect, useState } from 'preact/hooks';

const DARK = '(prefers-color-scheme: dark)';

export function useColourScheme(): 'light' | 'dark' {
  const read = () => (matchMedia(DARK).matches ? 'dark' : 'light');
  const [scheme, setScheme] = useState<'light' | 'dark'>(read);
  useEffect(() => {
    const query = matchMedia(DARK);
    const change = (): void => setScheme(read());
    query.addEventListener('change', change);
    return () => query.removeEventListener('change', change);
  }, []);
  return scheme;
}
