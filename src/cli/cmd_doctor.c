#include "cli/cli.h"

#include "newsletter/doctor/doctor.h"

enum { OPT_JSON = 1, OPT_STRICT, OPT_LOCAL, OPT_SERVERS, OPT_ORIGIN, OPT_CA, OPT_REPAIR };

enum { ORIGINS_LIMIT = 16 };

/* Without a relay (a password is missing, say) the rest is examined all the same. */
static enum nl_status connect_relay(struct cli *cli, struct nl_findings *findings,
                                    struct nl_examination *examination, struct nl_error *err) {
    if (examination->local)
        return NL_OK;
    enum nl_status status = cli_connect(cli, err);
    if (status != NL_CONFIG && status != NL_NOINPUT && status != NL_NOPERM)
        return status;
    nl_findings_add(findings, NL_LEVEL_ERROR, "relay", NULL, "%s", nl_error_text(err));
    nl_error_free(err);
    return NL_OK;
}

static const struct option long_options[] = {{"json", no_argument, NULL, OPT_JSON},
                                             {"strict", no_argument, NULL, OPT_STRICT},
                                             {"local", no_argument, NULL, OPT_LOCAL},
                                             {"name-servers", required_argument, NULL, OPT_SERVERS},
                                             {"origin", required_argument, NULL, OPT_ORIGIN},
                                             {"ca-file", required_argument, NULL, OPT_CA},
                                             {"repair", no_argument, NULL, OPT_REPAIR},
                                             {0}};

static enum nl_status run(struct cli *cli, int argc, char **argv, struct nl_error *err) {
    const char *origins[ORIGINS_LIMIT];
    struct nl_examination examination = {.origins = origins};
    struct nl_findings findings = {0};
    bool json = false;
    bool strict = false;
    for (int option = 0; (option = cli_option(argc, argv, long_options, err)) != -1;) {
        if (option == OPT_JSON)
            json = true;
        else if (option == OPT_STRICT)
            strict = true;
        else if (option == OPT_LOCAL)
            examination.local = true;
        else if (option == OPT_REPAIR)
            examination.repair = true;
        else if (option == OPT_SERVERS)
            examination.name_servers = optarg;
        else if (option == OPT_CA)
            examination.ca_file = optarg;
        else if (option == OPT_ORIGIN && examination.origin_count < ORIGINS_LIMIT)
            origins[examination.origin_count++] = optarg;
        else
            return option == OPT_ORIGIN
                       ? nl_error_set(err, NL_USAGE, "at most %d --origin", ORIGINS_LIMIT)
                       : NL_USAGE;
    }
    enum nl_status status = cli_words(argc, 0, "no words", err);
    if (status == NL_OK)
        status = cli_open(cli, err);
    if (status == NL_OK)
        status = connect_relay(cli, &findings, &examination, err);
    if (status == NL_OK)
        status =
            nl_doctor_examine(cli->store, &cli->config, cli->relay, &examination, &findings, err);
    if (status == NL_OK) {
        cli_show_findings(&findings, json);
        status = cli_judge_findings(&findings, strict, "the installation", err);
    }
    nl_findings_free(&findings);
    return status;
}

const struct command cmd_doctor = {
    "doctor",
    "examine the installation, its relay and its DNS records",
    "Usage: newsletter doctor [--local] [--origin ADDRESS]... [--name-servers LIST] [--ca-file "
    "FILE]\n"
    "                         [--repair] [--strict] [--json]\n"
    "\n"
    "Looks at configuration, files, database and templates, connects to the relay (TLS, login), "
    "and\n"
    "asks the DNS for SPF, DKIM, DMARC, MX, MTA-STS and the names of the addresses (PTR) that "
    "mail\n"
    "goes out from. Each line says what to do. An error makes the exit status 65; with --strict a\n"
    "warning does too.\n"
    "\n"
    "  --repair             first mend what can be: modes of files, indexes, the full-text index,\n"
    "                       notices that a dead run has left\n"
    "  --local              ask neither relay nor DNS\n"
    "  --origin ADDRESS     an IP address that mail goes out from, where the relay sends from "
    "other\n"
    "                       ones than its name has; may be repeated\n"
    "  --name-servers LIST  ask these, 'ADDRESS[:PORT],...', in place of the system's\n"
    "  --ca-file FILE       trust this authority for the MTA-STS policy's server\n"
    "\n"
    "Example: newsletter doctor --origin 192.0.2.25\n",
    run,
    long_options,
    NULL};
