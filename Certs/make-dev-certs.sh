#!/usr/bin/env bash
# Makes a small CA and a server certificate for development and for trying hostile cases. Never for production.
#
#   make-dev-certs.sh DIR NAME...
#
# NAME is a DNS name, an IP address or a URI (spiffe://...); the first is the subject's common name. DIR gets ca.pem,
# ca-key.pem, server.pem, server-key.pem. A CA that is in DIR already is kept, and the server's certificate made anew.
#
#   DAYS=-1            a certificate that has expired already (default 30 days)
#   CA_NAME="Other CA" the CA's common name (default "Hawser development CA")
set -euo pipefail

if [ $# -lt 2 ]; then
    sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0" >&2
    exit 2
fi

config=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/openssl.cnf
days=${DAYS:-30}
ca_name=${CA_NAME:-Hawser development CA}
out=$1
shift

# DNS:web.test,IP:127.0.0.1,URI:spiffe://...
subject_names() {
    local name names=()
    for name in "$@"; do
        case $name in
        *://*) names+=("URI:$name") ;;
        *:* | [0-9]*.[0-9]*.[0-9]*.[0-9]*) names+=("IP:$name") ;;
        *) names+=("DNS:$name") ;;
        esac
    done
    local IFS=,
    echo "${names[*]}"
}

new_key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1"; }

CERT_NAMES=$(subject_names "$@")
export CERT_NAMES

umask 077
mkdir -p "$out"
cd "$out"

if [ ! -f ca.pem ] || [ ! -f ca-key.pem ]; then
    new_key ca-key.pem
    openssl req -new -x509 -config "$config" -extensions ca -key ca-key.pem -subj "/CN=$ca_name" -days 3650 -out ca.pem
fi

new_key server-key.pem
# A common name has at most 64 characters; verification looks at the other names only.
openssl req -new -config "$config" -key server-key.pem -subj "/CN=${1:0:64}" -out server.csr
openssl x509 -req -in server.csr -CA ca.pem -CAkey ca-key.pem -set_serial "0x$(openssl rand -hex 16)" \
    -extfile "$config" -extensions server -days "$days" -out server.pem 2>/dev/null
rm server.csr

echo "$PWD:"
echo "  ca.pem      $(openssl x509 -in ca.pem -noout -subject -nameopt multiline | sed -n 's/.*commonName *= //p')"
echo "  server.pem  $CERT_NAMES, $(openssl x509 -in server.pem -noout -enddate)"
