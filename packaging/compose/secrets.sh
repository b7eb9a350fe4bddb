#!/bin/sh
# Make the secrets of compose.yaml in ./secrets; existing ones are kept.
set -eu
cd "$(dirname "$0")"
# Others cannot enter the folder. Its files are mounted into containers with other users.
mkdir -p secrets
chmod 700 secrets
umask 022

make() { # name, command that prints the secret
    name=$1
    shift
    [ -s "secrets/$name" ] || "$@" >"secrets/$name"
}
random() { head -c "$1" /dev/urandom | base64 | tr '+/' '-_' | tr -d '\n'; }
words() { random "$1" | tr -d '='; }
url() { printf 'postgresql://simpost:%s@postgres/simpost' "$(cat secrets/postgres_password)"; }

make admin_token words 32
make metrics_token words 32
make secrets_key random 32
make postgres_password words 24
make grafana_password words 24
make database_url url
