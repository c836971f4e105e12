#!/usr/bin/env bash
# Installs the parts of the system that some tests need: age, Chromium with a Chinese font, SoftHSM2, PostgreSQL, poppler,
# and bpmn.io's viewer. As root on Debian only; elsewhere those tests skip and say so, and with CI=true they fail.
set -euo pipefail
cd "$(dirname "$0")/.."
declare -A needed=(
    [age]=age [chromium]=chromium [pdftoppm]=poppler-utils [softhsm2-util]=softhsm2 [openssl]=openssl
    [pg_ctlcluster]=postgresql [npm]=npm
)
missing=()
for program in "${!needed[@]}"; do
    command -v "$program" >/dev/null || missing+=("${needed[$program]}")
done
[ -e /usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc ] || missing+=(fonts-noto-cjk)
if [ ${#missing[@]} -gt 0 ]; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
    else
        echo "not installed: ${missing[*]}; the tests that need them will skip" >&2
    fi
fi
if command -v npm >/dev/null && [ ! -d build/node/node_modules/bpmn-js ]; then
    npm install --silent --no-fund --no-audit --prefix build/node bpmn-js@18 >/dev/null \
        || echo "bpmn-js could not be installed; the test that needs it will skip" >&2
fi
