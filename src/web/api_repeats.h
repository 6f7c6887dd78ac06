/* Calls that make something once, however often they are sent (Idempotency-Key). */
#ifndef NL_WEB_API_REPEATS_H
#define NL_WEB_API_REPEATS_H

#include "newsletter/store/api_repeat.h"
#include "web/api.h"

/* Runs the call's route; with an Idempotency-Key that came before, answers as then. */
enum nl_status nl_api_run_once(struct nl_api_call *call, struct nl_error *err);

#endif
