/* Runs of text within a paragraph as Markdown. */
#ifndef NL_TRANSFER_MARKDOWN_RUN_H
#define NL_TRANSFER_MARKDOWN_RUN_H

#include "transfer/markdown_writer.h"

/* Appends plain text so that Markdown shows it as it is. White space becomes one blank. */
void nl_run_escape(const char *text, size_t len, struct nl_buf *out);

/* Appends the paragraph that is being written, without blanks at its ends. */
void nl_runs_write(struct nl_scribe *writer, struct nl_buf *out);

#endif
