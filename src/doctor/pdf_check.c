/* Whether the program that makes PDFs of issues makes one here, as this user. */
#include "doctor/checks.h"

#include "newsletter/archive/archive.h"
#include "newsletter/base/buf.h"

void nl_doctor_pdf(struct nl_doctor *doctor) {
    static const char page[] = "<!DOCTYPE html><html lang=\"en\"><title>Test</title><p>Test</p>";
    const char *name = doctor->config->archive.pdf;
    struct nl_buf html = {0};
    struct nl_buf file = {0};
    struct nl_error err = {0};
    if (name == NULL)
        return;
    nl_buf_adds(&html, page);
    if (nl_pdf_render(doctor->config, &html, NULL, &file, &err) == NL_OK)
        nl_findings_add(doctor->out, NL_LEVEL_GOOD, "pdf", NULL, "%s makes PDFs of issues", name);
    else
        nl_findings_add(doctor->out, NL_LEVEL_ERROR, "pdf", NULL,
                        "archive.pdf is %s, which makes no PDF: %s", name, nl_error_text(&err));
    nl_buf_free(&html);
    nl_buf_free(&file);
    nl_error_free(&err);
}
