#include "doctor/checks.h"
#include "newsletter/store/person.h"

enum nl_status nl_doctor_search(struct nl_doctor *doctor, struct nl_error *err) {
    bool indexed = false;
    enum nl_status status = nl_persons_indexed(doctor->store, &indexed, err);
    if (status == NL_OK && !indexed)
        nl_findings_add(doctor->out, NL_LEVEL_WARNING, "search", NULL,
                        "people are searched for without an index, which is slow on long lists: "
                        "install PostgreSQL's extension pg_trgm (Debian: postgresql-contrib), then "
                        "run 'newsletter doctor --repair'");
    return status;
}
