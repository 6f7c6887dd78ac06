/* The checks of a configuration: each with settings that it refuses, and with their nearest
 * neighbours that it takes. */
#include "support.h"

#include "newsletter/base/file.h"
#include "newsletter/config/config.h"

#include <stdlib.h>
#include <unistd.h>

static char path[] = "/tmp/newsletter-unit-check.XXXXXX";

static enum nl_status read_text(const char *text, struct nl_config *config, struct nl_error *err) {
    if (nl_file_write(path, text, strlen(text), true, err) != NL_OK)
        return err->status;
    return nl_config_read(path, config, err);
}

/* `words`: what the error says; NULL: the settings are taken. */
struct row {
    const char *text, *words;
};

static void check(const struct row *row) {
    struct nl_error err = {0};
    struct nl_config config = {0};
    if (row->words == NULL)
        assert_ok(read_text(row->text, &config, &err));
    else
        assert_fails(read_text(row->text, &config, &err), NL_CONFIG, row->words);
    nl_config_free(&config);
}

static void test_addresses_of_pages(void **state) {
    static const struct row rows[] = {
        {"confirm_url: https://x.example/{token}", NULL},
        {"confirm_url: https://x.example/token", "confirm_url must be"},
        {"confirm_url: ftp://x.example/{token}", "confirm_url must be"},
        {"unsubscribe_url: https://x.example/{token}", NULL},
        {"unsubscribe_url: https://x.example/", "unsubscribe_url must be"},
        {"preferences_url: https://x.example/{token}", NULL},
        {"preferences_url: https://x.example/{token}?{token}", "preferences_url must be"},
        {"images_url: https://x.example/", NULL},
        {"images_url: x.example", "images_url is not"},
        {"serve: {websub: 'https://hub.example/'}", NULL},
        {"serve: {websub: hub.example}", "serve.websub is not"},
        {"serve: {url: 'https://x.example/'}", NULL},
        {"serve: {url: x.example}", "serve.url 'x.example' is not"},
        {"serve: {url: 'https://x.example/?a'}", "serve.url"},
        {"serve: {url: 'https://x.example/#a'}", "serve.url"},
        {"serve: {url: 'https://x.example/{token}'}", "serve.url"},
        {"serve: {certificate: a, key: b}", NULL},
        {"serve: {certificate: a}", "serve.certificate and serve.key go together"},
        {"serve: {key: b}", "serve.certificate and serve.key go together"},
        {"staff: {url: ftp://x}", "staff.url 'ftp://x' is not"},
        {"staff: {key: b}", "staff.certificate and staff.key go together"},
        {"archive: {pdf: weasyprint}", NULL},
        {"archive: {pdf: word}", "archive.pdf is 'word'"},
    };
    (void)state;
    for_each_row (i, rows, rows[i].text)
        check(&rows[i]);
}

/* Passwords go over TLS, or stay on this machine. */
static void test_passwords_in_the_clear(void **state) {
    static const struct row rows[] = {
        {"staff: {listen: '127.0.0.1:8026'}", NULL},
        {"staff: {listen: '[::1]:8026'}", NULL},
        {"staff: {listen: '0.0.0.0:8026'}", "in the clear"},
        {"staff: {listen: '192.0.2.1:8026'}", "in the clear"},
        {"staff: {listen: '192.0.2.1:8026', url: 'https://x.example'}", NULL},
        {"staff: {listen: '192.0.2.1:8026', url: 'http://x.example'}", "in the clear"},
        {"staff: {listen: '192.0.2.1:8026', certificate: a, key: b}", NULL},
        {"smtp: {host: localhost, security: none, username: x}", NULL},
        {"smtp: {host: mail.example, security: none, username: x}", "smtp.username with"},
        {"smtp: {host: mail.example, security: none}", NULL},
        {"smtp: {host: mail.example, security: tls, username: x}", NULL},
        {"smtp: {host: 'mail example'}", "smtp.host 'mail example' is not"},
        {"smtp: {host: 'a/b'}", "smtp.host"},
        {"smtp: {host: 'a@b'}", "smtp.host"},
        {"relays: [{host: a}, {host: mail.example, security: none, username: x}]",
         "relays.1.username with"},
        {"relays: [{host: a}, {port: 25}]", "relays.1 has no host"},
        {"relays: [{username: x}]", "relays.0 has no host"},
        {"fetch: {host: mail.example, username: x}", NULL},
        {"fetch: {host: mail.example}", "fetch.host needs fetch.username"},
        {"fetch: {host: mail.example, username: x, security: none}", "fetch.username with"},
        {"fetch: {host: 'a b', username: x}", "fetch.host 'a b'"},
        {"fetch: {host: a, username: x, folder: 'A*'}", "'A*' is not the name of a folder"},
        {"fetch: {host: a, username: x, processed: 'A\"'}", "'A\"' is not the name of a folder"},
        {"fetch: {host: a, username: x, unknown: 'A%'}", "'A%' is not the name of a folder"},
        {"seeds: [{address: a@x.example, host: imap.x.example}]", NULL},
        {"seeds: [{address: a, host: imap.x.example}]", "seeds.0.address"},
        {"seeds: [{address: a@x.example}]", "seeds.0: a@x.example needs a host"},
        {"seeds: [{host: a}, {address: b@x.example, host: b}]", "seeds.0 has no address"},
        {"seeds: [{address: a@x.example, host: a}, {host: b}]", "seeds.1 has no address"},
        {"seeds: [{address: a@x.example, host: 'a b'}]", "seeds.0.host 'a b'"},
        {"seeds: [{address: a@x.example, host: a.example, security: none}]", "seeds.0.username"},
    };
    (void)state;
    for_each_row (i, rows, rows[i].text)
        check(&rows[i]);
}

static void test_networks(void **state) {
    static const struct row rows[] = {
        {"serve: {trusted_proxies: '192.0.2.0/24, 2001:db8::/32'}", NULL},
        {"serve: {trusted_proxies: all}", "serve.trusted_proxies"},
        {"serve: {trusted_proxies: 192.0.2.1, proxy_protocol: true}", NULL},
        {"serve: {proxy_protocol: true}", "proxy_protocol needs serve.trusted_proxies"},
        {"staff: {proxy_protocol: true}", "proxy_protocol needs serve.trusted_proxies"},
        {"serve: {metrics: '192.0.2.0/24, 198.51.100.1'}", NULL},
        {"serve: {metrics: all}", "serve.metrics"},
        {"serve: {metrics: '192.0.2.0/24, all'}", "serve.metrics"},
        {"webhooks: {allow_networks: 192.0.2.0/24}", NULL},
        {"webhooks: {allow_networks: 192.0.2.0/33}", "webhooks.allow_networks"},
        {"direct: {allow_networks: 192.0.2.0/24}", NULL},
        {"direct: {allow_networks: all}", "direct.allow_networks"},
        {"openid: {issuer: 'https://id.example', client_id: a, allow_networks: 192.0.2.0/24}\n"
         "staff: {url: 'https://x.example'}",
         NULL},
        {"openid: {issuer: 'https://id.example', client_id: a, allow_networks: all}\n"
         "staff: {url: 'https://x.example'}",
         "openid.allow_networks"},
    };
    (void)state;
    for_each_row (i, rows, rows[i].text)
        check(&rows[i]);
}

static void test_logins_by_openid(void **state) {
#define OPENID(more) "staff: {url: 'https://x.example'}\nopenid: {client_id: a, " more "}"
    static const struct row rows[] = {
        {OPENID("issuer: 'https://id.example/a'"), NULL},
        {OPENID("issuer: 'http://id.example'"), "openid.issuer is not an https"},
        {OPENID("issuer: 'http://localhost:80/a'"), NULL},
        {OPENID("issuer: 'http://127.0.0.1'"), NULL},
        {OPENID("issuer: 'https://id.example/?a'"), "openid.issuer is not an https"},
        {OPENID("issuer: 'https://id.example/#a'"), "openid.issuer is not an https"},
        {OPENID("issuer: 'https://a@id.example/'"), "openid.issuer is not an https"},
        {OPENID("issuer: id.example"), "openid.issuer is not an https"},
        {OPENID("issuer: 'https://i.example', role: viewer"), NULL},
        {OPENID("issuer: 'https://i.example', role: people"), NULL},
        {OPENID("issuer: 'https://i.example', role: administrator"), "openid.role must be none"},
        {OPENID("issuer: 'https://i.example', claim: email, domain: x.example"), NULL},
        {OPENID("issuer: 'https://i.example', claim: email"), "needs openid.domain"},
        {OPENID("issuer: 'https://i.example', domain: x.example"), "is for openid.claim email"},
        {"openid: {client_id: a}", "needs openid.issuer"},
        {"openid: {issuer: 'https://i.example'}", "needs openid.client_id"},
        {"openid: {issuer: 'https://i.example', client_id: a}", "needs staff.url"},
    };
    (void)state;
    for_each_row (i, rows, rows[i].text)
        check(&rows[i]);
}

static void test_keys(void **state) {
    static const struct row rows[] = {
        {"dkim: {domain: x.example, selector: a-b_c, key_file: k}", NULL},
        {"dkim: {selector: a}", "go together"},
        {"dkim: {key_file: k}", "go together"},
        {"dkim: {ed25519_selector: a}", "go together"},
        {"dkim: {ed25519_key_file: k}", "go together"},
        {"dkim: {ed25519_selector: a, ed25519_key_file: k}", NULL},
        {"dkim: {domain: 'x y'}", "'x y' is not a domain name"},
        {"dkim: {selector: 'a;', key_file: k}", "'a;' is not a domain name"},
        {"dkim: {ed25519_selector: 'a=', ed25519_key_file: k}", "'a=' is not a domain name"},
        {"smime: {certificate_file: a, key_file: b, chain_file: c, from: x@x.example}", NULL},
        {"smime: {certificate_file: a}", "go together"},
        {"smime: {chain_file: c}", "certificate_file is missing"},
        {"smime: {from: x@x.example}", "certificate_file is missing"},
        {"signing: {key_file: 'pkcs11:token=a', public_keys: p}", NULL},
        {"signing: {key_file: 'pkcs11:token=a'}", "signing.public_keys must name"},
        {"bounce_address: bounces@x.example", NULL},
        {"bounce_address: 1234567890123456789012345678@x.example", NULL},
        {"bounce_address: 12345678901234567890123456789@x.example", "28 characters"},
        {"bounce_address: б@x.example", "use ASCII"},
        {"bounce_address: bounces", "bounce_address"},
    };
    (void)state;
    for_each_row (i, rows, rows[i].text)
        check(&rows[i]);
}

static void test_lists_in_one_text(void **state) {
    static const struct row rows[] = {
        {"serve: {moved_lists: 'a=b'}", NULL},
        {"serve: {moved_lists: 'a=b, c=d,e=f'}", NULL},
        {"serve: {moved_lists: a}", "'a' is not IDENTIFIER=LIST"},
        {"serve: {moved_lists: 'a=b, =d'}", "'=d' is not IDENTIFIER=LIST"},
        {"serve: {moved_lists: 'a=, c=d'}", "'a=' is not IDENTIFIER=LIST"},
        {"approval: {lists: 'a=0, b=1,c=2'}", NULL},
        {"approval: {lists: 'a=3'}", "'a=3' is not LIST=NUMBER"},
        {"approval: {lists: 'a=1, b'}", "'b' is not LIST=NUMBER"},
        {"approval: {lists: '=1'}", "'=1' is not LIST=NUMBER"},
        {"proof_groups: [{name: a-b_1, addresses: 'x@x.example, y@x.example'}]", NULL},
        {"proof_groups: [{name: a b, addresses: x@x.example}]", "'a b' is not a name"},
        {"proof_groups: [{addresses: x@x.example}]", "'' is not a name"},
        {"proof_groups: [{name: a}]", "it has 0 addresses"},
        {"proof_groups: [{name: a, addresses: ', '}]", "it has 0 addresses"},
        {"proof_groups: [{name: a, addresses: x@x.example}, {name: b, addresses: x}]",
         "proof_groups: b"},
        {"proof_groups: [{name: a, addresses: "
         "'a@a.a,a@a.a,a@a.a,a@a.a,a@a.a,a@a.a,a@a.a,a@a.a,a@a.a,a@a.a,a@a.a,a@a.a,"
         "a@a.a,a@a.a,a@a.a,a@a.a,a@a.a,a@a.a,a@a.a,a@a.a'}]",
         NULL},
        {"proof_groups: [{name: a, addresses: "
         "'a@a.a,a@a.a,a@a.a,a@a.a,a@a.a,a@a.a,a@a.a,a@a.a,a@a.a,a@a.a,a@a.a,a@a.a,"
         "a@a.a,a@a.a,a@a.a,a@a.a,a@a.a,a@a.a,a@a.a,a@a.a,a@a.a'}]",
         "it has 21 addresses"},
        {"media: [{title: a, file: a.mp3}, {title: b, url: 'https://x.example/a.mp3'}]", NULL},
        {"media: [{title: a, file: a.mp3}, {title: b, file: b.doc}]", "recording 2: its file"},
        {"media: [{file: a.mp3}]", "recording 1: it has no title"},
        {"media: [{licence: x}, {title: b, file: b.mp3}]", "recording 1: it has no title"},
    };
    (void)state;
    for_each_row (i, rows, rows[i].text)
        check(&rows[i]);
}

static void test_how_mail_goes_out(void **state) {
    static const struct row rows[] = {
        {"limits: {domains: [{domain: x.example, per_second: 1}, {domain: '*', connections: 2}]}",
         NULL},
        {"limits: {domains: [{per_second: 1}]}", "limits.domains.0 has no domain"},
        {"limits: {domains: [{domain: x.example}, {connections: 1}]}", "limits.domains.1 has no"},
        {"limits: {domains: [{domain: 'x y'}]}", "limits.domains.0: 'x y' is not a domain"},
        {"routes: [{domain: x.example, dane: true}, {domain: y.example, by: relay}]", NULL},
        {"routes: [{domain: x.example, dane: true, by: relay}]", "dane is for by: direct"},
        {"routes: [{domain: '*'}]", "routes.0: '*' is not a domain"},
        {"routes: [{domain: x.example}, {domain: 'x y'}]", "routes.1: 'x y' is not a domain"},
        {"routes: [{by: relay}, {domain: x.example}]", "routes.0 has no domain"},
        {"direct: {sources: [{address: 192.0.2.1, helo: a.example, since: 2026-12-01}]}", NULL},
        {"direct: {sources: [{address: 192.0.2.1}, {address: '2001:DB8::1'}]}", NULL},
        {"direct: {sources: [{address: '2001:DB8::1'}, {address: '2001:db8:0::1'}]}",
         "has 2001:db8::1 twice"},
        {"direct: {sources: [{address: mx}]}", "sources.0.address 'mx' is not an address"},
        {"direct: {sources: [{helo: a.example}]}", "sources.0 has no address"},
        {"direct: {sources: [{weight: 2}, {address: 192.0.2.1}]}", "sources.0 has no address"},
        {"direct: {sources: [{address: 192.0.2.1, helo: a}]}", "helo 'a' is not a full"},
        {"direct: {sources: [{address: 192.0.2.1, helo: 'a.b c'}]}", "helo 'a.b c' is not a full"},
        {"direct: {sources: [{address: 192.0.2.1, since: 2026-13-01}]}", "is not a day"},
        {"direct: {providers: [{name: gmail, connections: 1}]}", NULL},
        {"direct: {providers: [{connections: 1}]}", "direct.providers.0 has no name"},
        {"direct: {providers: [{messages: 1}]}", "direct.providers.0 has no name"},
        {"direct: {providers: [{per_minute: 1}]}", "direct.providers.0 has no name"},
        {"direct: {providers: [{name: gmail}, {per_hour: 1}]}", "direct.providers.1 has no name"},
        {"direct: {warm_up: [{provider: gmail, days: [1, 2]}]}", NULL},
        {"direct: {warm_up: [{provider: gmail}]}", "direct.warm_up.0 needs both"},
        {"direct: {warm_up: [{days: [1]}]}", "direct.warm_up.0 needs both"},
        {"warm_up: {since: 2026-12-01, days: [100]}", NULL},
        {"warm_up: {since: 2026-12-01}", "warm_up needs both"},
        {"warm_up: {days: [100]}", "warm_up needs both"},
        {"warm_up: {since: tomorrow, days: [100]}", "warm_up.since 'tomorrow' is not a day"},
        {"quiet: {hours: '22:00-07:00', timezone: Europe/Berlin}", NULL},
        {"quiet: {hours: late}", "quiet.hours 'late' are not"},
        {"quiet: {timezone: Europe/Nowhere}", "quiet.timezone"},
    };
    (void)state;
    for_each_row (i, rows, rows[i].text)
        check(&rows[i]);
}

static void test_hooks(void **state) {
#define TOPIC "arn:aws:sns:eu-west-1:123456789012:bounces"
    static const struct row rows[] = {
        {"hooks: {a-b_1: {provider: mailgun, secret_file: s}}", NULL},
        {"hooks: {'a b': {provider: mailgun}}", "'a b' cannot be part of an address"},
        {"hooks: {a: {provider: nobody}}", "'nobody' is not known"},
        {"hooks: {a: {secret_file: s}}", "set its provider"},
        {"hooks: {a: {provider: ses, topic: '" TOPIC "', ca_file: c}}", NULL},
        {"hooks: {a: {provider: ses, topic: 'arn:aws-cn:sns:cn-north-1:1:b'}}", NULL},
        {"hooks: {a: {provider: ses}}", "set its topic"},
        {"hooks: {a: {provider: ses, topic: 'arn:aws:sqs:eu-west-1:1:b'}}", "set its topic"},
        {"hooks: {a: {provider: ses, topic: 'arn:az:sns:eu-west-1:1:b'}}", "set its topic"},
        {"hooks: {a: {provider: ses, topic: 'arn:aws:sns::1:b'}}", "set its topic"},
        {"hooks: {a: {provider: ses, topic: 'arn:aws:sns:.eu:1:b'}}", "set its topic"},
        {"hooks: {a: {provider: ses, topic: 'arn:aws:sns:eu-west-1::b'}}", "set its topic"},
        {"hooks: {a: {provider: ses, topic: 'arn:aws:sns:eu-west-1:1:'}}", "set its topic"},
        {"hooks: {a: {provider: ses, topic: 'arn:aws:sns:eu-west-1:1'}}", "set its topic"},
        {"hooks: {a: {provider: ses, topic: 'arn:aws:sns:eu-west-1:1:b:c'}}", "set its topic"},
        {"hooks: {a: {provider: ses, topic: 'arn:aws:sns:eu/west-1:1:b'}}", "set its topic"},
        {"hooks: {a: {provider: mailgun, topic: '" TOPIC "'}}", "are only for ses"},
        {"hooks: {a: {provider: mailgun, ca_file: c}}", "are only for ses"},
        {"hooks: {a: {provider: sendgrid, key: k}}", NULL},
        {"hooks: {a: {provider: sendgrid, key_file: k}}", NULL},
        {"hooks: {a: {provider: mailgun, key: k}}", "only for sendgrid"},
        {"hooks: {a: {provider: mailgun, key_file: k}}", "only for sendgrid"},
        {"hooks: {a: {provider: mailgun, username: u}}", NULL},
        {"hooks: {a: {provider: mailgun, username: 'u:v'}}", "has no colon"},
        {"hooks: {a: {provider: mailgun, max_age: 60s}}", NULL},
        {"hooks: {a: {provider: mailgun, max_age: 59s}}", "from 60s to 30d"},
        {"hooks: {a: {provider: mailgun, max_age: 30d}}", NULL},
        {"hooks: {a: {provider: mailgun, max_age: 2592001s}}", "from 60s to 30d"},
        {"hooks: {a: {provider: mailgun, colour: red}}", "there is no such setting"},
        {"hooks: {a: mailgun}", "expected a name with settings"},
        {"hooks: mailgun", "expected a name with settings"},
        {"hooks:", NULL},
        {"hooks: {a: {provider: mailgun, secret_command: [a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a]}}",
         NULL},
        {"hooks: {a: {provider: mailgun, secret_command: [a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a]}}",
         "16 at most"},
    };
    (void)state;
    for_each_row (i, rows, rows[i].text)
        check(&rows[i]);
}

static void test_fields_of_forms(void **state) {
    static const struct row rows[] = {
        {"forms: {city: {label: City, type: text}, age: {}, since: }", NULL},
        {"forms: {city: {label: {en: City, kk: X}}}", NULL},
        {"forms: {city: {label: {e: City}}}", "'e' is not a language tag"},
        {"forms: {city: {label: ''}}", "a label is empty"},
        {"forms: {city: {type: colour}}", "type is 'colour', expected"},
        {"forms: {city: {type: choice, choices: [a, b]}}", NULL},
        {"forms: {city: {type: choice, choices: {a: A, b: {en: B}}}}", NULL},
        {"forms: {city: {type: choice}}", "go together"},
        {"forms: {city: {choices: [a]}}", "go together"},
        {"forms: {city: {size: 3}}", "expected label, type and choices"},
        {"forms: {city: text}", "expected label, type and choices"},
        {"forms: city", "expected attributes"},
        {"forms:", NULL},
    };
    (void)state;
    for_each_row (i, rows, rows[i].text)
        check(&rows[i]);
}

/* The values of each kind of setting, at the ends of their ranges. */
static void test_ranges(void **state) {
    static const struct row rows[] = {
        {"smtp: {port: 1}", NULL},
        {"smtp: {port: 65535}", NULL},
        {"smtp: {port: 0}", "smtp.port is '0', expected a number in range"},
        {"smtp: {port: 65536}", "smtp.port is '65536'"},
        {"smtp: {port: many}", "smtp.port is 'many'"},
        {"smtp: {timeout: 1s}", NULL},
        {"smtp: {timeout: 1h}", NULL},
        {"smtp: {timeout: 0s}", "smtp.timeout is '0s', expected a duration in range"},
        {"smtp: {timeout: 3601s}", "smtp.timeout is '3601s'"},
        {"smtp: {timeout: soon}", "smtp.timeout is 'soon'"},
        {"smtp: {verify: yes}", NULL},
        {"smtp: {verify: no}", NULL},
        {"smtp: {verify: maybe}", "smtp.verify is 'maybe', expected true or false"},
        {"smtp: {security: ssl}", "expected starttls, tls or none"},
        {"smtp: {auth: md5}", "expected auto, plain, login or xoauth2"},
        {"fetch: {protocol: nntp}", "expected imap or pop3"},
        {"subject_test: {rule: luck}", "expected unsubscribes or replies"},
        {"sandbox: on", "expected auto or off"},
        {"delivery: pigeon", "expected relay or direct"},
        {"fallback: pigeon", "expected none or relay"},
        {"serve:", NULL},
        {"serve: {}", NULL},
    };
    (void)state;
    for_each_row (i, rows, rows[i].text)
        check(&rows[i]);
}

/* ---- what is filled in ---- */

static void test_what_is_filled_in(void **state) {
    struct nl_error err = {0};
    struct nl_config config = {0};
    (void)state;
    assert_ok(read_text("serve: {url: 'https://x.example//'}\nconfirm_url: https://y/{token}\n"
                        "signing: {key_file: /k}\nfetch: {host: a, username: u, protocol: pop3}\n"
                        "seeds: [{address: a@x.example, host: a}, {address: b@x.example, host: b, "
                        "security: starttls, username: u, port: 1}, {address: c@x.example, "
                        "host: localhost, security: none}]\n"
                        "limits: {domains: [{domain: BÜCHER.example}]}\n"
                        "relays: [{host: a, security: tls}, {host: b, security: none, weight: 3}]\n"
                        "direct: {sources: [{address: '2001:DB8:0::1'}, {address: 192.0.2.1}]}\n",
                        &config, &err));
    assert_string_equal(config.serve.url, "https://x.example");
    assert_string_equal(config.confirm_url, "https://y/{token}");
    assert_string_equal(config.unsubscribe_url, "https://x.example/unsubscribe?token={token}");
    assert_string_equal(config.preferences_url, "https://x.example/preferences?token={token}");
    assert_string_equal(config.page_url, "https://x.example/page?token={token}");
    assert_string_equal(config.address_url, "https://x.example/address?token={token}");
    assert_string_equal(config.signing.public_keys, "/k.public");
    assert_int_equal(config.fetch.port, 995);
    assert_int_equal(config.seeds[0].port, 993);
    assert_string_equal(config.seeds[0].username, "a@x.example");
    assert_int_equal(config.seeds[1].port, 1);
    assert_string_equal(config.seeds[1].username, "u");
    assert_int_equal(config.seeds[2].port, 143);
    assert_string_equal(config.limits.domains[0].domain, "xn--bcher-kva.example");
    assert_int_equal(config.relays[0].port, 465);
    assert_int_equal(config.relays[1].port, 25);
    assert_int_equal(config.relays[1].weight, 3);
    assert_string_equal(config.direct.sources[0].address, "2001:db8::1");
    assert_int_equal(config.direct.sources[1].weight, 1);
    assert_int_equal(nl_config_sources(&config), 2);
    size_t count = 0;
    assert_ptr_equal(nl_config_relays(&config, &count), config.relays);
    assert_int_equal(count, 2);
    nl_config_free(&config);
}

static void test_ports_of_mailboxes(void **state) {
    static const struct {
        const char *text;
        int64_t port;
    } rows[] = {
        {"protocol: imap, security: tls", 993},  {"protocol: imap, security: starttls", 143},
        {"protocol: pop3, security: tls", 995},  {"protocol: pop3, security: starttls", 110},
        {"protocol: imap, security: none", 143}, {"protocol: pop3, security: none", 110},
        {"protocol: pop3, port: 7", 7},
    };
    (void)state;
    for_each_row (i, rows, rows[i].text) {
        struct nl_error err = {0};
        struct nl_config config = {0};
        struct nl_buf text = {0};
        nl_buf_addf(&text, "fetch: {host: localhost, username: u, %s}", rows[i].text);
        assert_ok(read_text(nl_buf_text(&text), &config, &err));
        assert_int_equal(config.fetch.port, rows[i].port);
        nl_config_free(&config);
        nl_buf_free(&text);
    }
}

/* ---- what is asked of it ---- */

static void test_ways(void **state) {
    static const struct {
        const char *text;
        bool direct, relay, dane;
        enum nl_delivery_way a, b;
    } rows[] = {
        {"", false, true, false, NL_BY_RELAY, NL_BY_RELAY},
        {"delivery: direct", true, false, false, NL_DIRECTLY, NL_DIRECTLY},
        {"delivery: direct\nfallback: relay", true, true, false, NL_DIRECTLY, NL_DIRECTLY},
        {"routes: [{domain: a.example}]", true, true, false, NL_DIRECTLY, NL_BY_RELAY},
        {"delivery: direct\nroutes: [{domain: b.example, by: relay}]", true, true, false,
         NL_DIRECTLY, NL_BY_RELAY},
        {"routes: [{domain: b.example}, {domain: a.example, dane: true}]", true, true, true,
         NL_DIRECTLY, NL_DIRECTLY},
        {"routes: [{domain: b.example, dane: true}, {domain: a.example}]", true, true, false,
         NL_DIRECTLY, NL_DIRECTLY},
    };
    (void)state;
    for_each_row (i, rows, rows[i].text) {
        struct nl_error err = {0};
        struct nl_config config = {0};
        assert_ok(read_text(rows[i].text, &config, &err));
        assert_int_equal(nl_config_is_direct(&config), rows[i].direct);
        assert_int_equal(nl_config_uses_relay(&config), rows[i].relay);
        assert_int_equal(nl_config_needs_dane(&config, "a.example"), rows[i].dane);
        assert_int_equal(nl_config_way(&config, "a.example"), rows[i].a);
        assert_int_equal(nl_config_way(&config, "b.example"), rows[i].b);
        nl_config_free(&config);
    }
}

static void test_approvals_and_groups(void **state) {
    struct nl_error err = {0};
    struct nl_config config = {0};
    struct nl_buf one = {0};
    (void)state;
    assert_ok(read_text("approval: {needed: 1, lists: 'news=2 , daily=0,new=1'}\n"
                        "proof_groups: [{name: one, addresses: a@x.example}, {name: two, addresses:"
                        " ' b@x.example ,c@x.example'}]",
                        &config, &err));
    assert_int_equal(nl_config_approvals(&config, "news"), 2);
    assert_int_equal(nl_config_approvals(&config, "daily"), 0);
    assert_int_equal(nl_config_approvals(&config, "new"), 1);
    assert_int_equal(nl_config_approvals(&config, "newsletter"), 1);
    assert_int_equal(nl_config_approvals(&config, "dail"), 1);
    assert_null(nl_config_proof_group(&config, "three"));
    assert_string_equal(nl_config_proof_group(&config, "one"), "a@x.example");
    const char *rest = nl_config_proof_group(&config, "two");
    assert_true(nl_config_proof_next(&rest, &one));
    assert_string_equal(nl_buf_text(&one), "b@x.example");
    assert_true(nl_config_proof_next(&rest, &one));
    assert_string_equal(nl_buf_text(&one), "c@x.example");
    assert_false(nl_config_proof_next(&rest, &one));
    nl_buf_free(&one);
    nl_config_free(&config);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses_of_pages),
        cmocka_unit_test(test_passwords_in_the_clear),
        cmocka_unit_test(test_networks),
        cmocka_unit_test(test_logins_by_openid),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_lists_in_one_text),
        cmocka_unit_test(test_how_mail_goes_out),
        cmocka_unit_test(test_hooks),
        cmocka_unit_test(test_fields_of_forms),
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_what_is_filled_in),
        cmocka_unit_test(test_ports_of_mailboxes),
        cmocka_unit_test(test_ways),
        cmocka_unit_test(test_approvals_and_groups),
    };
    int fd = mkstemp(path);
    if (fd < 0)
        return 1;
    close(fd);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return failed;
}
