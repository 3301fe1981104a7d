/*
 * Wire: how the values of the archive look in typed tables
 *
 * A server's columns have types, SQLite's do not. Here a value of any type becomes one of the column's type: a number that does
 * not fit becomes the nearest one that does, and an invalid time is left empty. Sending and comparing both use it, so that they
 * cannot disagree.
 */
#pragma once

#include "base/strbuf.h"
#include "remote/remote.h"

typedef enum WireType {
        WIRE_TEXT,
        WIRE_UINT32,
        WIRE_UINT32_OR_NULL,
        WIRE_UINT64_OR_NULL,
        WIRE_REAL_OR_NULL, /* its bits */
        WIRE_BOOL,
        WIRE_TIME, /* milliseconds since the epoch */
        WIRE_TIME_OR_NULL,
} WireType;

/* The type of a table's column. */
WireType wire_type(RemoteTable table, size_t column);

/* A value in its column's type. */
typedef struct WireValue {
        bool is_null;
        const char *text; /* WIRE_TEXT; "" at least */
        size_t size;
        uint64_t number; /* all others */
} WireValue;

/* Converts a value. The text is borrowed from @v. */
WireValue wire_value(WireType type, const Value *v);

/* Can the row's key be sent unchanged? An ordinal below 0 or beyond 32 bits would become another row's. */
bool wire_key_fits(RemoteTable table, const Value *values);

/*
 * The digest of a row: XXH64 of its columns as text, each followed by a unit separator (0x1f); NULL is the empty text.
 * A server computes the same with its own functions. Sums of digests (modulo 2^64) are used to compare sets of rows.
 */
int wire_digest(RemoteTable table, const Value *values, StrBuf *scratch, uint64_t *ret);
