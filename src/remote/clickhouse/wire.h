/*
 * Wire: how the values of the archive look in typed tables
 *
 * A server's columns have types, SQLite's have not. Here a value of any type becomes one of the column's type: a number
 * that does not fit is cut to the nearest that does, a time that is none is left empty. Sending and comparing both go
 * through it, so they cannot come to different views.
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

/* What the column of a table is. */
WireType wire_type(RemoteTable table, size_t column);

/* A value as its column's type has it. */
typedef struct WireValue {
        bool is_null;
        const char *text; /* WIRE_TEXT; "" at least */
        size_t size;
        uint64_t number; /* all others */
} WireValue;

/* The value as such a column has it; its text is that of @v. */
WireValue wire_value(WireType type, const Value *v);

/* Can the row's key be sent as it is? An ordinal below 0 or past 32 bits would become another row's. */
bool wire_key_fits(RemoteTable table, const Value *values);

/*
 * The digest of a row: XXH64 of its columns as text, each followed by a unit separator (0x1f); NULL is the empty text.
 * A server computes the same with its own functions. Sums of them (modulo 2^64) compare sets of rows.
 */
int wire_digest(RemoteTable table, const Value *values, StrBuf *scratch, uint64_t *ret);
