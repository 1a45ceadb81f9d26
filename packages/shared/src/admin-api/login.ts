/** What the admin API says of logging in, as types: how a browser gets a session where admin.token is set. */

/** `GET /api/v1/login`, for everybody. */
export interface LoginNeedReply {
  /** Whether a token is asked for at all. */
  readonly required: boolean;
}

/** `POST /api/v1/login`: 200 with a cookie, 401, or 429 after too many wrong tokens. */
export interface LoginRequest {
  readonly token: string;
}

/** The same, and `POST /api/v1/logout`, which takes nothing. */
export interface LoginReply {
  readonly loggedIn: boolean;
}
