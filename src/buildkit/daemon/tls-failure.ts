/** What OpenSSL says, of the builder's certificate and of ours, and what that means. */
const MEANINGS: readonly (readonly [said: RegExp, meaning: string])[] = [
  [
    /alert certificate required|alert handshake failure/,
    'it asks for a certificate of ours, and its key, and was given none',
  ],
  [/alert (?:bad certificate|unknown ca|certificate|unsupported certificate)/, 'it refuses our certificate'],
  [
    /alert no application protocol/,
    'it is no BuildKit of its own; a Docker engine is named with DOCKER_HOST',
  ],
  [
    /unable to (?:verify|get)|self.signed certificate/,
    'nobody whom we trust vouches for it; its certificate needs a CA that we were told of',
  ],
  [/does not match certificate's altnames/, 'its certificate is for another name'],
  [/certificate (?:has expired|is not yet valid)/, 'its certificate does not hold now'],
  [/wrong version number|packet length too long/, 'what listens there does not speak TLS'],
];

/** What it means that TLS failed; undefined where TLS is not what failed. */
export function tlsFailure(said: string): string | undefined {
  const meaning = MEANINGS.find(([pattern]) => pattern.test(said))?.[1];
  return meaning === undefined ? undefined : `${meaning} (${reasonOf(said)})`;
}

/** Of `…:error:0A00045C:SSL routines:ssl3_read_bytes:tlsv13 alert certificate required:../deps/…`, what is for people. */
export function reasonOf(said: string): string {
  return / routines:[^:]*:([^:]+)/.exec(said)?.[1] ?? said.trim();
}
