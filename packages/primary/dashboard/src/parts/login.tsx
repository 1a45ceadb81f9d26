/** Asks for the token. It goes to the instance once and is kept nowhere. */
import type { LoginReply, LoginRequest } from '@lb/shared/admin-api/login';
import { useState } from 'preact/hooks';
import { LoginNeeded, Refused } from '../api/api.ts';
import { Logo } from './icons.tsx';
import { usePage } from './page-context.ts';

export function Login() {
  const { api, live } = usePage();
  const [token, setToken] = useState('');
  const [trouble, setTrouble] = useState('');
  const [isAsking, setAsking] = useState(false);
  const logIn = async (): Promise<void> => {
    setAsking(true);
    setTrouble('');
    try {
      await api.change<LoginReply>('POST', '/api/v1/login', { token } satisfies LoginRequest);
      live.start();
    } catch (error) {
      setTrouble(troubleOf(error));
      setAsking(false);
    }
  };
  return (
    <main class="login">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void logIn();
        }}
      >
        <h1 class="brand">
          <Logo />
          lbctl
        </h1>
        <label>
          Token
          <input
            type="password"
            autocomplete="current-password"
            required
            autofocus
            value={token}
            onInput={(event) => setToken(event.currentTarget.value)}
          />
        </label>
        <p class="hint">It is admin.token of the configuration.</p>
        <p class="refusal" role="alert">
          {trouble}
        </p>
        <button type="submit" class="primary" disabled={isAsking}>
          Log in
        </button>
      </form>
    </main>
  );
}

function troubleOf(error: unknown): string {
  if (error instanceof LoginNeeded) return 'This is not the token.';
  if (error instanceof Refused) return error.message;
  return 'The instance does not answer.';
}
