/*
 * Filter: what a remote may see of a session, and when
 */
#pragma once

#include "remote/remote.h"

typedef enum Share {
        SHARE_NOTHING,
        SHARE_METADATA, /* rows without any text: who, when, which tools, how many tokens */
        SHARE_ALL,
} Share;

/* @values is a row of session_table as it is archived. Exclude= wins over MetadataOnly=; if Projects= is set, one of its
 * patterns must match. */
Share filter_share(const RemoteOptions *options, const Value *values);

/*
 * When HoldTime= is over for the session as it is now: that long after its last activity (its end, else its start, else
 * @synced_at_usec, when it was archived). Microseconds since the epoch; 0 if nothing is held.
 */
uint64_t filter_due_usec(const RemoteOptions *options, const Value *values,
                         uint64_t synced_at_usec);

/* Removes from a row what SHARE_METADATA does not include. */
void filter_strip(const Table *table, Value *values);
