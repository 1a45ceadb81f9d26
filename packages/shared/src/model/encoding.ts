/** Content codings by their names in HTTP, in the order in which they are preferred. @see RFC 9110 section 8.4.1 */
export const ENCODINGS = ['zstd', 'br', 'gzip'] as const;

/** A content coding. */
export type Encoding = (typeof ENCODINGS)[number];
