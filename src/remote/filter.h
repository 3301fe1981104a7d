/*
 * Filter: what of a session one remote may see, and when
 */
#pragma once

#include "remote/remote.h"

typedef enum Share {
        SHARE_NOTHING,
        SHARE_METADATA, /* rows without any text: who, when, which tools, how many tokens */
        SHARE_ALL,
} Share;

/* @values is a row of session_table as it is archived. Exclude= goes before MetadataOnly=, and where there is any
 * Projects= one of them must match. */
Share filter_share(const RemoteOptions *options, const Value *values);

/*
 * When HoldTime= is over for the session as it is now: that long after its last activity (its end, else its start, else
 * @synced_at_usec, when the archive took it). Microseconds since the epoch; 0 where nothing is held.
 */
uint64_t filter_due_usec(const RemoteOptions *options, const Value *values,
                         uint64_t synced_at_usec);

/* Takes everything out of a row that SHARE_METADATA has not. */
void filter_strip(const Table *table, Value *values);
