#include "newsletter/config/config.h"

#include <string.h>
#include <unistd.h>

static const char *installed_chromium(void) {
    static const char headless[] = "/usr/bin/chromium-headless-shell";
    return access(headless, X_OK) == 0 ? headless : "/usr/bin/chromium";
}

enum nl_pdf nl_config_pdf(const struct nl_config *config, const char **program) {
    const char *value = config->archive.pdf;
    *program = NULL;
    if (value == NULL)
        return NL_PDF_NONE;
    const char *name = strrchr(value, '/');
    if (strcmp(value, "weasyprint") == 0)
        *program = "/usr/bin/python3";
    else if (strcmp(value, "chromium") == 0)
        *program = installed_chromium();
    else if (value[0] == '/' && (strstr(name, "python") != NULL || strstr(name, "chrom") != NULL))
        *program = value;
    if (*program == NULL)
        return NL_PDF_NONE;
    return strstr(strrchr(*program, '/'), "python") != NULL ? NL_PDF_WEASYPRINT : NL_PDF_CHROMIUM;
}
