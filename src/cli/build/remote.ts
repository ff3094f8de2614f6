/** `user@host:path`, as ssh has it; `name@sha256:…` is an image. */
const SCP = /^[\w-]+@(?!sha(?:256|384|512):)[A-Za-z0-9.-]+:/;

/**
 * Whether a text is what the builder gets by itself: a URL of HTTP, or of a git repository, also in ssh's short form, and
 * without a scheme for GitHub's, as Docker has had it from the beginning.
 * @see https://docs.docker.com/build/concepts/context/#remote-context
 */
export function isRemote(text: string): boolean {
  return /^(?:https?|git|ssh):\/\//.test(text) || text.startsWith('github.com/') || SCP.test(text);
}
