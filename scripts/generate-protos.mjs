// Makes src/buildkit/proto/*_pb.ts from the .proto files beside them: `npm run protos`.
// Needs protoc (of Debian: apt-get install protobuf-compiler); the plugin for TypeScript comes with npm.

import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = 'src/buildkit/proto';
const protos = readdirSync(`${root}${folder}`).filter((name) => name.endsWith('.proto'));

execFileSync(
  'protoc',
  [
    `--plugin=${root}node_modules/.bin/protoc-gen-es`,
    `--proto_path=${folder}`,
    `--es_out=${folder}`,
    '--es_opt=target=ts,import_extension=ts',
    ...protos,
  ],
  { cwd: root, stdio: 'inherit' },
);
