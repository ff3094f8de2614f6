#!/bin/sh
# Makes the certificates of this folder, which are checked in so that the tests need no openssl. Nobody trusts them,
# and they secure nothing: their keys are public. Run it here, with openssl 3. They are valid from 2020 to 2120, by
# `openssl ca`, which can say so; it keeps books, here in a folder that is thrown away.
set -eu
books=$(mktemp -d)
trap 'rm -r "$books"' EXIT
: >"$books/index"
cat >"$books/config" <<CONFIG
[ca]
default_ca = books
[books]
database = $books/index
new_certs_dir = $books
rand_serial = yes
unique_subject = no
default_md = sha256
policy = any
[any]
commonName = supplied
CONFIG

request() { # NAME
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -out "$books/$1.csr" \
    -config /dev/null -subj "/CN=Stowage test $1"
}
sign() { # NAME EXTENSIONS FROM TO OPTIONS
  name=$1 extensions=$2 from=$3 to=$4
  shift 4
  printf '%b' "$extensions" >"$books/extensions"
  openssl ca -batch -notext -config "$books/config" -in "$books/$name.csr" -out "$name.pem" \
    -extfile "$books/extensions" -startdate "${from}0101000000Z" -enddate "${to}0101000000Z" "$@"
}
authority() { # NAME
  request "$1"
  sign "$1" 'basicConstraints=critical,CA:TRUE\n' 2020 2120 -selfsign -keyfile "$1.key"
}
issue() { # NAME CA SUBJECT-ALTERNATIVE-NAMES USAGE FROM TO
  request "$1"
  sign "$1" "subjectAltName=$3\nextendedKeyUsage=$4\n" "$5" "$6" -cert "$2.pem" -keyfile "$2.key"
}

authority ca
authority other-ca
# What the servers of the tests show: for names that only the proxy of the tests knows, and for their address.
issue server ca 'DNS:registry.test,DNS:other.test,DNS:localhost,IP:127.0.0.1' serverAuth 2020 2120
issue misnamed ca 'DNS:elsewhere.test' serverAuth 2020 2120
issue expired ca 'IP:127.0.0.1' serverAuth 2020 2021
# What shows itself to them.
issue client ca 'DNS:client.test' clientAuth 2020 2120
issue other-client other-ca 'DNS:client.test' clientAuth 2020 2120
# With these nothing more can be signed.
rm ca.key other-ca.key
