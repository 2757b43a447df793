#!/bin/sh
# Makes a certificate and its key for some names, signed by an authority that is made if there is
# none: `make.sh DIRECTORY NAME...`. Callers trust DIRECTORY/ca.crt.
set -eu
umask 077

if [ $# -lt 2 ]; then
    echo "usage: $0 DIRECTORY NAME..." >&2
    exit 2
fi
directory=$1
shift
mkdir -p "$directory"
cd "$directory"

names=
for name in "$@"; do
    case $name in
        *:*) names="$names,IP:$name" ;;
        *[!0-9.]*) names="$names,DNS:$name" ;;
        *) names="$names,IP:$name" ;;
    esac
done

if [ ! -e ca.key ]; then
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 \
        -subj '/CN=portcullis authority' -keyout ca.key -out ca.crt \
        -addext 'basicConstraints=critical,CA:TRUE,pathlen:0' \
        -addext 'keyUsage=critical,keyCertSign,cRLSign'
fi
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
    -subj '/CN=portcullis' -keyout tls.key.next -out tls.csr
cat >tls.ext <<END
basicConstraints=CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth
authorityKeyIdentifier=keyid
subjectAltName=${names#,}
END
openssl x509 -req -in tls.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 90 \
    -extfile tls.ext -out tls.crt.next
mv tls.key.next tls.key
mv tls.crt.next tls.crt
rm tls.csr tls.ext
