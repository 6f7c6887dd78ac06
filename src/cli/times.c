#include "cli/cli.h"

#include "newsletter/base/timestamp.h"

void cli_format_time(int64_t at, char out[CLI_TIME_LEN]) {
    nl_zone_text(at, NULL, out);
}

json_t *cli_json_time(int64_t at) {
    char text[NL_TIMESTAMP_LEN];
    nl_timestamp_text(at, text);
    return at != 0 ? json_string(text) : json_null();
}
