// The rooms of the house: what may know what. Arrows run downwards only.
// A room is a folder of src (of src/store and src/wrap, each folder is one), and is entered through its index.ts.
// `npm run rooms` checks it, and so does `npm test`.

/** Room → the rooms below that it may import. A new room is entered here first. */
const below = {
  oci: [],
  json: ['oci'],
  plan: [],
  registry: ['oci'],
  protocol: ['registry', 'oci'],
  transport: ['protocol', 'registry', 'oci'],
  disk: [],
  redis: ['registry', 'oci'],
  auth: ['disk', 'transport', 'protocol', 'registry', 'oci'],
  client: ['disk', 'auth', 'transport', 'protocol', 'registry', 'oci'],
  server: ['protocol', 'registry', 'oci'],
  testing: ['transport', 'protocol', 'registry', 'oci'],
  'layout-index': ['registry', 'oci'],
  tar: ['oci'],
  'store/[^/]+': ['tar', 'layout-index', 'disk', 'registry', 'oci'],
  'wrap/[^/]+': ['disk', 'redis', 'registry', 'oci'],
  image: ['plan', 'json', 'registry', 'oci'],
  builds: ['image', 'plan', 'json', 'registry', 'oci'],
  share: ['redis', 'transport', 'registry', 'oci'],
  settings: ['disk', 'transport', 'registry', 'oci'],
  place: [
    'settings',
    'client',
    'store/[^/]+',
    'wrap/[^/]+',
    'layout-index',
    'disk',
    'auth',
    'transport',
    'protocol',
    'registry',
    'oci',
  ],
  buildkit: ['auth', 'disk', 'registry', 'oci'],
  opentelemetry: ['place', 'wrap/[^/]+', 'client', 'auth', 'transport'],
};
const rooms = Object.keys(below);
// The command line stands on everything. Nothing lists it, so nothing imports it.
below.cli = rooms;

const anyRoom = `^src/(${rooms.join('|')}|cli)/`;
/** The files at the edge to Node in rooms that otherwise run anywhere: `file.ts`, `source-file.ts`, `*-node.ts`. */
const nodeEdge = '/(file|source-file|[^/]+-node)[.]ts$';

/** Loaded when asked for, with an error that says what to install; devDependencies as well, for the tests. */
const optionalPeers =
  '(^|/)node_modules/(@opentelemetry/api|ioredis|rate-limiter-flexible|@connectrpc/[^/]+|@bufbuild/protobuf)/';

/** `store/[^/]+` as people read it. */
const shown = (room) => room.replace('[^/]+', '*');

const arrows = Object.entries(below).map(([room, allowed]) => ({
  name: `${room.replace('/[^/]+', '')}-looks-down`,
  comment:
    allowed.length > 0
      ? `src/${shown(room)} may import only: ${allowed.map(shown).join(', ')}. What it needs from elsewhere belongs further down, or is handed in by the caller.`
      : `src/${room} is the ground floor and imports no other room.`,
  severity: 'error',
  from: { path: `^src/(${room})/` },
  // `$1` is the room itself: src/store/memory may import src/store/memory, and not src/store/layout.
  // src/version.ts is a fact about the package, and belongs to no room.
  to: {
    path: '^src/',
    pathNot: ['^src/version[.]ts$', '^src/$1/', ...allowed.map((name) => `^src/${name}/`)],
  },
}));

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ...arrows,
    {
      name: 'only-known-rooms',
      comment:
        'A room that is not in the table at the top of .dependency-cruiser.mjs has no rules. Enter it there.',
      severity: 'error',
      from: { path: '^src/.+/', pathNot: anyRoom },
      to: {},
    },
    {
      name: 'through-the-door',
      comment: 'Another room is imported through its index.ts, so that what is behind it can change.',
      severity: 'error',
      from: { path: '^src/((?:store|wrap)/[^/]+|[^/]+)/' },
      to: { path: '^src/.+/', pathNot: ['^src/$1/', '^src/((?:store|wrap)/[^/]+|[^/]+)/index[.]ts$'] },
    },
    {
      name: 'index-through-the-door',
      comment: 'src/index.ts shows what the rooms show: it imports their index.ts, and not the command line.',
      severity: 'error',
      from: { path: '^src/[^/]+[.]ts$' },
      to: { path: '^src/.+/', pathNot: '^src/(?!cli/)((?:store|wrap)/[^/]+|[^/]+)/index[.]ts$' },
    },
    {
      name: 'no-cycles',
      comment:
        'Files that need each other are one file, or have a third in common. Types count: a reader follows them too.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      // That the import is a dynamic one (undici costs 60 ms) is left to review: this checker sees that it is there.
      name: 'undici-in-one-place',
      comment:
        'undici is one transport among others; whoever does not use it must not load it. Only src/transport/undici.ts may.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/transport/undici[.]ts$' },
      to: { path: '(^|/)node_modules/undici/|^undici$' },
    },
    {
      name: 'node-http-at-the-edge',
      comment:
        'The server is a handler on plain request and reply types. Only its adapters src/server/node.ts and listen.ts, that of the test kit, the edge of src/buildkit to sockets (*-node.ts), and the command line speak node:http.',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot: [
          '^src/server/(node|listen)[.]ts$',
          '^src/testing/server[.]ts$',
          '^src/buildkit/.+-node[.]ts$',
          '^src/cli/',
        ],
      },
      to: { dependencyTypes: ['core'], path: '^(node:)?http(s|2)?$' },
    },
    {
      name: 'the-core-runs-anywhere',
      comment:
        'src/oci and src/registry run wherever JavaScript does: no node: module, but in file.ts, source-file.ts and *-node.ts, and node:crypto where digests are taken.',
      severity: 'error',
      from: { path: '^src/(oci|registry)/', pathNot: [nodeEdge, '^src/oci/(digest|hash)[.]ts$'] },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'digests-need-crypto-alone',
      comment:
        'Where digests are taken, node:crypto is the one module of Node that is needed (WebCrypto cannot hash piece by piece).',
      severity: 'error',
      from: { path: '^src/oci/(digest|hash)[.]ts$' },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?crypto$' },
    },
    {
      name: 'no-dev-dependency-in-the-library',
      comment:
        'Who installs the package does not get its devDependencies. The command line may use them: they are bundled into it.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/cli/' },
      to: { dependencyTypes: ['npm-dev'], pathNot: optionalPeers },
    },
    {
      name: 'declared-and-there',
      comment: 'The import leads nowhere, or to a package that package.json does not name.',
      severity: 'error',
      from: {},
      to: {
        dependencyTypes: ['unknown', 'undetermined', 'npm-no-pkg', 'npm-unknown'],
        pathNot: optionalPeers,
      },
    },
    {
      name: 'no-tests-in-the-library',
      comment: 'Tests may import anything in src, and src nothing in test.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|scripts)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    // Also what only types come from: knowing a type is knowing.
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
