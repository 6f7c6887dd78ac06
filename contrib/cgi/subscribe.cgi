#!/bin/sh
# POST of the "Join our email list" form. Runs as the user newsletter, or in its group. Messages of newsletter go to
# standard error, and from there into the error log of the web server.
set -u
PATH=$PATH:/usr/local/bin
config=${NEWSLETTER_CONFIG:-/etc/newsletter/newsletter.yaml}
length=${CONTENT_LENGTH:-0}
case $length in *[!0-9]*) length=0 ;; esac
if [ "${REQUEST_METHOD:-}" != POST ] || [ "$length" -gt 65536 ]; then
    printf 'Status: 405 Method Not Allowed\r\nAllow: POST\r\nContent-Type: text/plain\r\n\r\nPlease use the form.\n'
    exit 0
fi
type=text/plain
answer=$(head -c "$length" | newsletter --config "$config" subscribe --html --source website)
case $? in
0) status='200 OK' type=text/html ;;
65) status='400 Bad Request' answer='This is not an e-mail address. Please go back and check it.' ;;
75) status='429 Too Many Requests' answer='Too many requests at the moment. Please try again later.' ;;
*) status='503 Service Unavailable' answer='Something is wrong on our side. Please try again later.' ;;
esac
printf 'Status: %s\r\nContent-Type: %s; charset=utf-8\r\nCache-Control: no-store\r\n\r\n%s\n' "$status" "$type" "$answer"
