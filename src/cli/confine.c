#include "cli/cli.h"

#include "newsletter/base/log.h"
#include "newsletter/base/memory.h"
#include "newsletter/base/sandbox.h"

#include <stdlib.h>
#include <string.h>

/* Libraries, certificates, time zones, fonts, and what names of hosts are looked up in. */
static const char *const readable[] = {
    "/usr",
    "/lib",
    "/lib64",
    "/etc",
    "/nix/store",
    "/gnu/store",
    "/var/cache/fontconfig",
    "/var/lib/ca-certificates",
    "/proc", /* Landlock keeps the memory and the environment of other processes closed there */
    "/sys/devices/system/cpu",
    "/dev/urandom",
    "/dev/random",
};

/* Programs, and what they are made of. */
static const char *const runnable[] = {"/usr", "/bin", "/lib", "/lib64", "/etc/alternatives"};

/* The dynamic loader lies in one of these. */
static const char *const loaders[] = {"/lib", "/lib64", "/usr/lib", "/nix/store", "/gnu/store"};

static const char *const writable[] = {"/dev/null"};

/* The witness of a run, and the folders in which drafts are composed, which are removed again. */
static const char *const owned[] = {"/dev/shm"};

/* Files and folders that libraries are told of by the environment, several with ":" between. */
static const char *const variables[] = {"SSL_CERT_FILE",  "SSL_CERT_DIR",    "CURL_CA_BUNDLE",
                                        "TZDIR",          "LD_LIBRARY_PATH", "FONTCONFIG_PATH",
                                        "FONTCONFIG_FILE"};

/* The tokens of SoftHSM; others are named in the environment. */
static const char token_store[] = "/var/lib/softhsm";

/* And what else is left to the process: for libraries in unusual places, and for tools that examine
 * it. */
static const char further[] = "NEWSLETTER_SANDBOX_ALLOW";

/* Below the home folder: fonts and their cache. */
static const char *const personal[] = {".fonts", ".local/share/fonts", ".config/fontconfig",
                                       ".cache/fontconfig"};

static void allow_named_by(struct nl_sandbox *sandbox, const char *variable,
                           enum nl_access access) {
    const char *value = getenv(variable);
    char *copy = value != NULL ? nl_strdup(value) : NULL;
    char *rest = NULL;
    for (char *path = copy != NULL ? strtok_r(copy, ":", &rest) : NULL; path != NULL;
         path = strtok_r(NULL, ":", &rest))
        nl_sandbox_allow(sandbox, path, access);
    free(copy);
}

static void allow_personal(struct nl_sandbox *sandbox, const char *home) {
    for (size_t i = 0; i < sizeof personal / sizeof personal[0]; i++) {
        struct nl_buf path = {0};
        nl_buf_addf(&path, "%s/%s", home, personal[i]);
        nl_sandbox_allow(sandbox, nl_buf_text(&path), NL_ACCESS_READ);
        nl_buf_free(&path);
    }
}

/* The file is often a symbolic link to one below /run, which is replaced whenever the network
 * changes. */
static void allow_resolver(struct nl_sandbox *sandbox) {
    char *path = realpath("/etc/resolv.conf", NULL);
    if (path != NULL)
        nl_sandbox_allow_beside(sandbox, path, NULL);
    free(path);
}

static void allow_machine(struct nl_sandbox *sandbox, const char *home) {
    for (size_t i = 0; i < sizeof readable / sizeof readable[0]; i++)
        nl_sandbox_allow(sandbox, readable[i], NL_ACCESS_READ);
    for (size_t i = 0; i < sizeof writable / sizeof writable[0]; i++)
        nl_sandbox_allow(sandbox, writable[i], NL_ACCESS_WRITE);
    for (size_t i = 0; i < sizeof owned / sizeof owned[0]; i++)
        nl_sandbox_allow(sandbox, owned[i], NL_ACCESS_OWN);
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++)
        allow_named_by(sandbox, variables[i], NL_ACCESS_READ);
    allow_named_by(sandbox, further, NL_ACCESS_RUN);
    if (home != NULL)
        allow_personal(sandbox, home);
    allow_resolver(sandbox);
}

/* The program that makes PDFs of issues (archive.pdf) is run by the server, within bounds of its
 * own. One of /opt/NAME/bin has its files in /opt/NAME. */
static void allow_program(struct nl_sandbox *sandbox, const char *program) {
    char *copy = nl_strdup(program);
    const char *temporary = getenv("TMPDIR");
    for (size_t i = 0; i < sizeof runnable / sizeof runnable[0]; i++)
        nl_sandbox_allow(sandbox, runnable[i], NL_ACCESS_RUN);
    nl_sandbox_allow(sandbox, program, NL_ACCESS_RUN);
    if (strncmp(copy, "/opt/", 5) == 0) {
        copy[5 + strcspn(copy + 5, "/")] = '\0';
        nl_sandbox_allow(sandbox, copy, NL_ACCESS_RUN);
    }
    nl_sandbox_allow(sandbox, temporary != NULL ? temporary : "/tmp", NL_ACCESS_OWN);
    free(copy);
}

/* The press room and the page for photos call this program itself, to decode pictures and
 * documents, within bounds of its own. It and the loader of programs are all that is needed for
 * that. */
static void allow_ourselves(struct nl_sandbox *sandbox) {
    char *path = realpath("/proc/self/exe", NULL);
    if (path != NULL)
        nl_sandbox_allow(sandbox, path, NL_ACCESS_RUN);
    for (size_t i = 0; i < sizeof loaders / sizeof loaders[0]; i++)
        nl_sandbox_allow(sandbox, loaders[i], NL_ACCESS_RUN);
    free(path);
}

struct confinement {
    struct nl_sandbox sandbox;
    const char *home;
};

static void allow_setting(const char *path, void *ctx) {
    struct confinement *confinement = ctx;
    nl_sandbox_allow_beside(&confinement->sandbox, path, confinement->home);
}

static void allow_database(const char *path, bool writes, void *ctx) {
    struct confinement *confinement = ctx;
    if (writes)
        nl_sandbox_allow(&confinement->sandbox, path, NL_ACCESS_WRITE);
    else
        allow_setting(path, ctx);
}

static void tell(const struct confinement *confinement, bool begun, bool entered) {
    if (entered)
        nl_log(NL_LOG_DEBUG, NULL, "sandbox: Landlock, version %d", confinement->sandbox.version);
    else
        nl_log(NL_LOG_DEBUG, NULL, "sandbox: none: this kernel %s",
               begun ? "refuses Landlock" : "has no Landlock, or one before Linux 5.19");
}

void cli_confine(struct cli *cli, char *const *mailboxes) {
    struct confinement confinement = {.home = getenv("HOME")};
    if (cli->config.sandbox == NL_SANDBOX_OFF)
        return;
    const char *program = NULL;
    bool begun = nl_sandbox_begin(&confinement.sandbox);
    bool entered = false;
    if (begun) {
        allow_machine(&confinement.sandbox, confinement.home);
        nl_config_each_path(&cli->config, allow_setting, &confinement);
        if (nl_config_pdf(&cli->config, &program) != NL_PDF_NONE)
            allow_program(&confinement.sandbox, program);
        if (cli->config.signing.key_file != NULL &&
            strncmp(cli->config.signing.key_file, "pkcs11:", 7) == 0)
            nl_sandbox_allow(&confinement.sandbox, token_store, NL_ACCESS_OWN);
        if (cli->config.staff.listen != NULL || cli->config.signing.public_keys != NULL)
            allow_ourselves(&confinement.sandbox);
        if (nl_config_sources(&cli->config) > 0)
            nl_sandbox_allow_binding(&confinement.sandbox);
        nl_store_confine(cli->store, allow_database, &confinement);
        for (; mailboxes != NULL && *mailboxes != NULL; mailboxes++)
            nl_sandbox_allow(&confinement.sandbox, *mailboxes, NL_ACCESS_WRITE);
        entered = nl_sandbox_enter(&confinement.sandbox);
    }
    tell(&confinement, begun, entered);
}
