/* The addresses that mail goes out from: whether this machine has them, what their names say, and
 * who refuses them. SPF and reverse names are looked at as for any other origin (domain.c). */
#include "doctor/checks.h"
#include "newsletter/base/network.h"
#include "newsletter/base/timestamp.h"
#include "newsletter/store/source_pause.h"

#include <stdlib.h>
#include <string.h>

static enum nl_status examine_source(struct nl_doctor *doctor, const struct nl_source *source,
                                     struct nl_error *err) {
    if (!nl_address_is_here(source->address)) {
        nl_findings_add(doctor->out, NL_LEVEL_ERROR, "sources", NULL,
                        "%s is not an address of this machine: give the machine that address, or "
                        "take it out of direct.sources",
                        source->address);
        return NL_OK;
    }
    enum nl_status status = nl_doctor_helo(doctor, source->helo, source->address, err);
    return status == NL_OK ? nl_doctor_port(doctor, source, err) : status;
}

/* Refusals that stand. */
static enum nl_status tell_pauses(struct nl_doctor *doctor, struct nl_error *err) {
    struct nl_source_pause *pauses = NULL;
    size_t count = 0;
    enum nl_status status = nl_source_pause_read(doctor->store, &pauses, &count, err);
    for (size_t i = 0; status == NL_OK && i < count; i++) {
        char until[NL_TIMESTAMP_LEN];
        if (pauses[i].until <= nl_store_now(doctor->store))
            continue;
        nl_timestamp_text(pauses[i].until, until);
        nl_findings_add(doctor->out, NL_LEVEL_WARNING, "sources", NULL,
                        "%s refuses mail from %s, which is left alone there until %s: %s",
                        pauses[i].place, pauses[i].address, until, pauses[i].reason);
    }
    free(pauses);
    return status;
}

enum nl_status nl_doctor_sources(struct nl_doctor *doctor, struct nl_error *err) {
    enum nl_status status = NL_OK;
    size_t count = nl_config_sources(doctor->config);
    for (size_t i = 0; status == NL_OK && i < count; i++)
        status = examine_source(doctor, &doctor->config->direct.sources[i], err);
    return status == NL_OK ? tell_pauses(doctor, err) : status;
}
