/*
 * Left out: texts that the source had, and no longer keeps
 *
 * agentsview can be told to keep less (archive_content, blocked tool results): rows stay, but their texts are removed. The
 * archived texts stay. What a person edits away is removed: then the row is gone, or has another text.
 */
#pragma once

#include "model/session.h"

/* Whether a row of @m is without the text that such rows have. */
bool left_out_maybe(const Message *m);

/* Whether @archived, the message as it is archived, has a text of which @m has the row alone. */
bool left_out_from(const Message *m, const Message *archived);
