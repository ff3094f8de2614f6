import { paxRecord, rawEntry, rawPax } from '../../tar/raw.ts';
import {
  blob,
  blobPath,
  indexJson,
  link,
  one,
  tar,
  VERSION,
  victim,
  withLayout,
  withoutEnd,
  type Hostile,
} from './samples.ts';

/** Tars that no archive should be: by what is wrong with them. */

export const links: readonly Hostile[] = [
  [
    'a symbolic link for a blob',
    withLayout(link('2', blobPath(one).slice(13))),
    /entry 6 "blobs\/sha256\/.*": it is a symlink: want a regular file/,
  ],
  [
    'a symbolic link to an absolute path',
    withLayout(link('2', '/etc/shadow')),
    /it is a symlink: want a regular file/,
  ],
  ['a hard link for a blob', withLayout(link('1', blobPath(one))), /it is a link: want a regular file/],
  [
    'a hard link out of the archive',
    withLayout(link('1', '../../etc/shadow', 'x')),
    /entry 6 "x": it is a link out of the archive/,
  ],
  [
    'a hard link to an absolute path',
    withLayout(link('1', '/etc/shadow', 'x')),
    /it is a link out of the archive, to an absolute path/,
  ],
  [
    'a symbolic link out of the archive',
    withLayout(link('2', '../x', 'x')),
    /it is a link out of the archive/,
  ],
  [
    'a link for the folder of blobs',
    tar(VERSION, indexJson({ one }), link('2', '/srv/blobs', 'blobs')),
    /entry 3 "blobs": it is a symlink/,
  ],
  [
    'a link for index.json',
    tar(VERSION, link('2', 'other.json', 'index.json')),
    /entry 2 "index.json": it is a symlink/,
  ],
];

export const paths: readonly Hostile[] = [
  ['a path that goes up', withLayout(['../evil', 'x']), /entry 6 "\.\.\/evil": its path goes up by "\.\."/],
  [
    'a path that goes up in the middle',
    withLayout(['blobs/sha256/../../x', 'x']),
    /its path goes up by "\.\."/,
  ],
  ['an absolute path', withLayout(['/etc/cron.d/evil', 'x']), /its path is absolute/],
  ['a path of another drive', withLayout(['C:/evil', 'x']), /its path leads elsewhere on Windows/],
  ['a path with backslashes', withLayout(['..\\evil', 'x']), /its path leads elsewhere on Windows/],
  ['a NUL in a name', withLayout(rawEntry({ name: 'a\0b' })), /its name has a NUL in the middle/],
  [
    'a NUL in a pax path',
    withLayout(Buffer.concat([rawPax(paxRecord('path', 'a\0b')), rawEntry({})])),
    /its pax header has a NUL in "path"/,
  ],
  [
    'a name of 5,000 bytes',
    withLayout(Buffer.concat([rawPax(paxRecord('path', 'n'.repeat(5000))), rawEntry({})])),
    /its name has more than 4096 bytes/,
  ],
  ['no name at all', withLayout(rawEntry({ name: '' })), /entry 6: it has no name/],
  ['a blob twice', withLayout(blob(one)), /entry 6 "blobs\/sha256\/.*": it is there twice/],
  ['index.json twice', withLayout(indexJson({})), /entry 6 "index.json": it is there twice/],
  [
    'index.json again, spelt otherwise',
    withLayout(['./index.json', '{}']),
    /entry 6 "\.\/index.json": it is there twice/,
  ],
  [
    'a name in other capitals',
    withLayout(['INDEX.json', '{}']),
    /it is the same as "index.json" on disks that do not tell them apart/,
  ],
  [
    'a name composed otherwise',
    withLayout(['caf\u00e9', ''], ['cafe\u0301', '']),
    /it is the same as "caf\\xe9" on disks/,
  ],
  [
    'a file in the place of a folder',
    withLayout(['blobs', 'x'], rawEntry({ name: 'blobs/', type: '5' })),
    /entry 7 "blobs\/": it is there twice/,
  ],
];

export const kinds: readonly Hostile[] = [
  [
    'a character device',
    withLayout(rawEntry({ name: 'x', type: '3' })),
    /entry 6 "x": it is a character device/,
  ],
  ['a block device', withLayout(rawEntry({ name: 'x', type: '4' })), /it is a block device/],
  [
    'a pipe in the place of a blob',
    withLayout(rawEntry({ name: blobPath(victim), type: '6' })),
    /it is a fifo/,
  ],
  [
    'a sparse file of GNU tar',
    withLayout(rawEntry({ name: 'x', type: 'S' })),
    /it is sparse, in the form of GNU tar/,
  ],
  [
    'a sparse file, pax 0.1',
    withLayout(Buffer.concat([rawPax(paxRecord('GNU.sparse.map', '0,1')), rawEntry({})])),
    /it is sparse: its pax header has GNU.sparse.map/,
  ],
  [
    'a sparse file, pax 1.0',
    withLayout(Buffer.concat([rawPax(paxRecord('GNU.sparse.major', '1')), rawEntry({})])),
    /it is sparse: its pax header has GNU.sparse.major/,
  ],
  [
    'a sparse file of star',
    withLayout(Buffer.concat([rawPax(paxRecord('SCHILY.realsize', '9')), rawEntry({})])),
    /it is sparse: its pax header has SCHILY.realsize/,
  ],
  [
    'a type that nobody knows',
    withLayout(rawEntry({ name: 'x', type: 'Q' })),
    /it is of type "Q", which is not known/,
  ],
  [
    'a folder with a size',
    withLayout(rawEntry({ name: 'x/', type: '5', size: '00000001000\0' })),
    /it is a directory, and says that it has 512 bytes/,
  ],
];

export const headers: readonly Hostile[] = [
  [
    'a wrong checksum',
    withLayout(rawEntry({ name: 'x', checksumOff: 1 })),
    /entry 6: its checksum is \d+, and should be \d+/,
  ],
  [
    'a negative size',
    withLayout(rawEntry({ name: 'x', size: Buffer.alloc(12, 0xff) })),
    /its size is negative: -1/,
  ],
  [
    'a size beyond all numbers',
    withLayout(rawEntry({ name: 'x', size: Buffer.concat([Buffer.of(0x80), Buffer.alloc(11, 0xff)]) })),
    /its size is no number that can be/,
  ],
  [
    'a size that is none',
    withLayout(rawEntry({ name: 'x', size: '0000000000x\0' })),
    /its size is no number that can be/,
  ],
  [
    'a size past the end',
    withLayout(rawEntry({ name: 'x', size: '07777777777\0' }, 'x')),
    /it has 1073741823 bytes, of which the archive has 1536: it was cut off/,
  ],
  [
    'a size beyond what a file may have',
    withLayout(Buffer.concat([rawPax(paxRecord('size', '99999999999999')), rawEntry({ name: 'x' })])),
    /it has 99999999999999 bytes, more than 68719476736/,
  ],
  [
    'a size in the pax header that is beyond all numbers',
    withLayout(Buffer.concat([rawPax(paxRecord('size', '9'.repeat(16))), rawEntry({ name: 'x' })])),
    /the size in its pax header is no number that can be/,
  ],
  [
    'a size in the pax header that is none',
    withLayout(Buffer.concat([rawPax(paxRecord('size', '-1')), rawEntry({})])),
    /the size in its pax header is no number that can be/,
  ],
  [
    'two sizes',
    withLayout(Buffer.concat([rawPax(paxRecord('size', '512')), rawEntry({ name: 'x' }, 'x')])),
    /entry 6 "x": it has two sizes: 1, and 512 in its pax header/,
  ],
  [
    'a pax header of 2 MiB',
    withLayout(Buffer.concat([rawPax(paxRecord('comment', 'x'.repeat(2 * 1024 * 1024))), rawEntry({})])),
    /its pax header has \d+ bytes, more than 1048576/,
  ],
  [
    'a pax record that is too long',
    withLayout(Buffer.concat([rawPax('999 path=x\n'), rawEntry({})])),
    /its pax header has a record whose length is wrong/,
  ],
  [
    'a pax record without a key',
    withLayout(Buffer.concat([rawPax('5 =x\n'), rawEntry({})])),
    /its pax header has a record without a key/,
  ],
  [
    'two paths in one pax header',
    withLayout(Buffer.concat([rawPax(paxRecord('path', 'x') + paxRecord('path', 'y')), rawEntry({})])),
    /its pax header says "path" twice/,
  ],
  [
    'two pax headers for one entry',
    withLayout(Buffer.concat([rawPax(paxRecord('path', 'x')), rawPax(paxRecord('path', 'y')), rawEntry({})])),
    /it has more than one pax header/,
  ],
  [
    'a pax header for nothing',
    withLayout(rawPax(paxRecord('path', 'x'))),
    /it has a pax header or a long name, and then nothing/,
  ],
  [
    'a global pax header that sets all paths',
    withLayout(rawPax(paxRecord('path', 'index.json'), 'g')),
    /a global pax header sets the path of all entries/,
  ],
  [
    'a huge long name',
    withLayout(Buffer.concat([rawEntry({ type: 'L' }, 'n'.repeat(70_000)), rawEntry({})])),
    /its long name has 70000 bytes, more than 4097/,
  ],
  [
    'long names without an end',
    withLayout(Buffer.concat([rawEntry({ type: 'L' }, 'a'), rawEntry({ type: 'L' }, 'b'), rawEntry({})])),
    /it has more than one long name/,
  ],
  [
    'two long names in two forms',
    withLayout(Buffer.concat([rawEntry({ type: 'L' }, 'a'), rawPax(paxRecord('path', 'b')), rawEntry({})])),
    /it has two long names/,
  ],
  [
    'six entries, where five are allowed',
    withLayout(['x', '']),
    /there are more than 5 entries/,
    { limits: { entries: 5 } },
  ],
];

export const ends: readonly Hostile[] = [
  [
    'cut off in a header',
    withLayout().subarray(0, 700),
    /entry 2: the archive ends in the middle of a header/,
  ],
  [
    'cut off in a content',
    withoutEnd(withLayout(['x', Buffer.alloc(2000)])).subarray(0, -600),
    /entry 6 "x": it has 2000 bytes, of which the archive has 1448: it was cut off/,
  ],
  [
    'cut off between two entries',
    withoutEnd(withLayout()),
    /the archive ends without its mark of the end: it was cut off/,
  ],
  [
    'garbage behind the end',
    Buffer.concat([withLayout(), Buffer.from('garbage')]),
    /something follows the end of the archive/,
  ],
  [
    'another archive behind the end',
    Buffer.concat([withLayout(), withLayout()]),
    /something follows the end of the archive/,
  ],
  ['an empty file', Buffer.alloc(0), /it is empty/],
  [
    'compressed with bzip2',
    Buffer.from('425a6839314159265359000000', 'hex'),
    /it is compressed with bzip2: want a tar, as it is or compressed with gzip or zstd/,
  ],
  ['compressed with xz', Buffer.from('\xfd7zXZ\0 and so on', 'latin1'), /it is compressed with xz/],
  ['a zip', Buffer.from('PK\x03\x04 and so on'), /it is a zip/],
  ['a text', Buffer.from('hello\n'), /it is no tar: the archive ends in the middle of a header/],
  ['no tar at all', Buffer.alloc(1024, 'no tar '), /it is no tar: its checksum is no number that can be/],
];
