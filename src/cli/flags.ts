/** Flags of every command that talks to registries, as they are declared to the parser. */
export const registryFlags = {
  stats: { kind: 'boolean', brief: 'Print the requests that were made, by kind, to standard error', optional: true, withNegated: false },
  plainHttp: { kind: 'parsed', parse: String, brief: 'Speak plain HTTP with this host', placeholder: 'HOST[:PORT]', variadic: true, optional: true },
  allowRealm: {
    kind: 'parsed',
    parse: String,
    brief: 'Give credentials to this token server, though it is on another host',
    placeholder: 'HOST',
    variadic: true,
    optional: true,
  },
} as const;
