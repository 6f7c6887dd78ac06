#include "doctor/checks.h"

#include "newsletter/base/address.h"
#include "newsletter/base/memory.h"
#include "newsletter/base/network.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The pairs of domains that were examined: most lists share them. */
struct walk {
    struct nl_doctor *doctor;
    struct nl_buf seen; /* "from envelope\n" ... */
    size_t lists;
};

static void add_origin(struct nl_answers *origins, const char *address) {
    origins->items = nl_realloc(origins->items, (origins->count + 1) * sizeof *origins->items);
    origins->items[origins->count++] = nl_strdup(address);
}

/* Adds the addresses of a host that our mail may come from. */
static enum nl_status origins_of(struct nl_doctor *doctor, const char *host, struct nl_error *err) {
    struct nl_answers addresses = {0};
    enum nl_status status = nl_dns_addresses(doctor->dns, host, &addresses, err);
    if (status == NL_TEMPFAIL) {
        nl_error_free(err);
        status = NL_OK;
    }
    for (size_t i = 0; status == NL_OK && i < addresses.count; i++)
        if (!nl_host_is_loopback(addresses.items[i]))
            add_origin(&doctor->origins, addresses.items[i]);
    nl_answers_free(&addresses);
    return status;
}

/* The addresses that were given; else those of direct.sources, of the EHLO name, of the relay, or
 * of this machine: the first of these that has any. */
static enum nl_status find_origins(struct nl_doctor *doctor, struct nl_error *err) {
    const struct nl_examination *examination = doctor->examination;
    char name[256] = "";
    enum nl_status status = NL_OK;
    for (size_t i = 0; i < examination->origin_count; i++)
        add_origin(&doctor->origins, examination->origins[i]);
    size_t sources = nl_config_is_direct(doctor->config) ? nl_config_sources(doctor->config) : 0;
    for (size_t i = 0; doctor->examination->origin_count == 0 && i < sources; i++)
        add_origin(&doctor->origins, doctor->config->direct.sources[i].address);
    if (gethostname(name, sizeof name - 1) != 0)
        name[0] = '\0';
    size_t count = 0;
    const char *relay = nl_config_relays(doctor->config, &count)->host;
    const char *hosts[] = {doctor->config->smtp.helo, relay, name};
    for (size_t i = 0; status == NL_OK && doctor->origins.count == 0 && i < 3; i++)
        if (hosts[i] != NULL && strchr(hosts[i], '.') != NULL)
            status = origins_of(doctor, hosts[i], err);
    return status;
}

/* Finds the domains of From and of the return path. */
static enum nl_status examine_domains(struct walk *walk, const struct nl_list *list,
                                      struct nl_error *err) {
    const char *bounces = walk->doctor->config->bounce_address;
    struct nl_address from = {0};
    struct nl_address envelope = {0};
    struct nl_buf pair = {0};
    char *name = NULL;
    enum nl_status status = nl_mailbox_parse(list->sender, &name, &from, err);
    if (status == NL_OK && bounces != NULL)
        status = nl_address_parse(bounces, &envelope, err);
    const char *envelope_domain = bounces != NULL ? envelope.domain : from.domain;
    if (status == NL_OK) {
        nl_buf_addf(&pair, "%s %s\n", from.domain, envelope_domain);
        if (strstr(nl_buf_text(&walk->seen), nl_buf_text(&pair)) == NULL) {
            nl_buf_add(&walk->seen, nl_buf_text(&pair), pair.len);
            status = nl_doctor_domain(walk->doctor, from.domain, envelope_domain, err);
        }
    }
    free(name);
    nl_buf_free(&pair);
    nl_address_free(&from);
    nl_address_free(&envelope);
    return status;
}

static enum nl_status examine_list(const struct nl_list *list, void *ctx, struct nl_error *err) {
    struct walk *walk = ctx;
    walk->lists++;
    nl_doctor_list_placeholder(walk->doctor, list);
    if (list->postal_address == NULL)
        nl_findings_add(walk->doctor->out, NL_LEVEL_WARNING, "list", NULL,
                        "list %s has no postal address, which the law requires in many countries: "
                        "newsletter list edit %s --postal-address TEXT",
                        list->name, list->name);
    enum nl_status status = nl_doctor_templates(walk->doctor, list, err);
    if (status == NL_OK)
        status = nl_doctor_smime(walk->doctor, list, err);
    return status == NL_OK && walk->doctor->dns != NULL ? examine_domains(walk, list, err) : status;
}

static enum nl_status open_dns(struct nl_doctor *doctor, struct nl_error *err) {
    enum nl_status status = nl_dns_new(doctor->examination->name_servers, &doctor->dns, err);
    return status == NL_OK ? find_origins(doctor, err) : status;
}

static void close_walk(struct walk *walk) {
    nl_dns_free(walk->doctor->dns);
    nl_answers_free(&walk->doctor->origins);
    nl_buf_free(&walk->seen);
}

enum nl_status nl_doctor_list(const struct nl_list *list, const struct nl_config *config,
                              const struct nl_examination *examination, struct nl_findings *out,
                              struct nl_error *err) {
    struct nl_doctor doctor = {.config = config, .examination = examination, .out = out};
    struct walk walk = {.doctor = &doctor};
    enum nl_status status = open_dns(&doctor, err);
    if (status == NL_OK)
        status = examine_domains(&walk, list, err);
    if (status == NL_OK)
        status = nl_doctor_origins(&doctor, err);
    close_walk(&walk);
    return status;
}

enum nl_status nl_doctor_before_sending(struct nl_store *store, const struct nl_config *config,
                                        const struct nl_list *list, struct nl_findings *out,
                                        struct nl_error *err) {
    struct nl_doctor doctor = {.store = store, .config = config, .out = out};
    nl_doctor_settings(&doctor);
    nl_doctor_lock(&doctor);
    nl_doctor_list_placeholder(&doctor, list);
    return nl_doctor_smime(&doctor, list, err);
}

enum nl_status nl_doctor_examine(struct nl_store *store, const struct nl_config *config,
                                 const struct nl_relay *relay,
                                 const struct nl_examination *examination, struct nl_findings *out,
                                 struct nl_error *err) {
    struct nl_doctor doctor = {
        .store = store, .config = config, .relay = relay, .examination = examination, .out = out};
    struct walk walk = {.doctor = &doctor};
    enum nl_status status = nl_doctor_installation(&doctor, err);
    if (status == NL_OK)
        status = nl_doctor_search(&doctor, err);
    if (status == NL_OK)
        status = nl_doctor_runs(&doctor, err);
    if (status == NL_OK) {
        nl_doctor_pdf(&doctor);
        nl_doctor_openid(&doctor);
        nl_doctor_seeds(&doctor);
    }
    if (status == NL_OK && relay != NULL && nl_config_uses_relay(config))
        status = nl_doctor_relay(&doctor, err);
    if (status == NL_OK && !examination->local)
        status = open_dns(&doctor, err);
    if (status == NL_OK && relay != NULL && nl_config_is_direct(config))
        status = nl_config_sources(config) > 0 ? nl_doctor_sources(&doctor, err)
                                               : nl_doctor_direct(&doctor, err);
    if (status == NL_OK)
        status = nl_doctor_reputation(&doctor, err);
    if (status == NL_OK)
        status = nl_list_each(store, examine_list, &walk, err);
    if (status == NL_OK && walk.lists == 0)
        nl_findings_add(out, NL_LEVEL_WARNING, "list", NULL,
                        "there is no list yet: newsletter list add NAME --from MAILBOX");
    else if (status == NL_OK && doctor.dns != NULL)
        status = nl_doctor_origins(&doctor, err);
    if (status == NL_OK && doctor.dns != NULL)
        status = nl_doctor_block_lists(&doctor, err);
    close_walk(&walk);
    return status;
}
