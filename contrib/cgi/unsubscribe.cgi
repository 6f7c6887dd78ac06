#!/bin/sh
# The page that unsubscribe_url leads to: GET shows a button, POST acts, so that link scanners do nothing.
set -u
PATH=$PATH:/usr/local/bin
config=${NEWSLETTER_CONFIG:-/etc/newsletter/newsletter.yaml}
token=$(printf '%s' "${QUERY_STRING:-}" | sed -n 's/^.*token=\([0-9a-fA-F-]\{36,56\}\).*$/\1/p')
if [ "${REQUEST_METHOD:-}" = POST ]; then
    # The whole query: newsletter finds the token also where a mail program has changed the link.
    answer=$(printf '%s\n' "${QUERY_STRING:-}" | newsletter --config "$config" unsubscribe --html -)
    type=text/html
    [ -n "$answer" ] || type=text/plain answer='Something is wrong on our side. Please try again later.'
    printf 'Content-Type: %s; charset=utf-8\r\nCache-Control: no-store\r\n\r\n%s\n' "$type" "$answer"
    exit 0
fi
cat <<PAGE
Content-Type: text/html; charset=utf-8
Cache-Control: no-store
Referrer-Policy: no-referrer

<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Unsubscribe me</title></head>
<body><form method="post" action="?token=$token"><button>Unsubscribe me</button></form></body></html>
PAGE
