/* The input of a transactional message: its data and its files. */
#ifndef NL_BULLETIN_MESSAGE_INPUT_H
#define NL_BULLETIN_MESSAGE_INPUT_H

#include "bulletin/enclosure.h"
#include "newsletter/bulletin/transactional_message.h"

/* Refuses data beyond the bounds, and control characters in it: they could pass for slots. */
NL_CHECKED enum nl_status nl_message_check_data(const json_t *data, struct nl_error *err)
    NL_NONNULL(2);

/* Adds the files to a message. */
NL_CHECKED enum nl_status nl_message_take_files(const struct nl_message_order *order,
                                                struct nl_enclosures *enclosures,
                                                struct nl_error *err) NL_ALL_NONNULL;

#endif
