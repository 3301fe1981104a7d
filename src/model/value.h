/*
 * Value, Column, Table: what flows from the source to the archive
 *
 * The tables of the archive are described once, as lists of columns. Reading, fingerprinting, masking, storing and
 * sending are loops over these lists, so a column cannot be read and then skipped by the masker.
 */
#pragma once

#include "base/arena.h"

typedef enum ValueType {
        VALUE_NULL,
        VALUE_INTEGER,
        VALUE_REAL,
        VALUE_TEXT,
} ValueType;

/* Plain; text is borrowed (whoever fills it says how long it lives), may not be NUL-terminated, and may have any bytes. */
typedef struct Value {
        ValueType type;
        union {
                int64_t integer;
                double real;
                uint64_t bits; /* of either */
        };
        const char *text;
        size_t size;
} Value;

typedef enum ColumnKind {
        COLUMN_ID,     /* key of a row: stays as it is when it is plain ASCII */
        COLUMN_TIME,   /* ISO 8601 time: dropped when it holds anything but a time's characters */
        COLUMN_NUMBER, /* integer or yes/no */
        COLUMN_REAL,   /* a number with a fraction */
        COLUMN_WORD, /* a short name (role, tool, project): masked, and kept where only metadata may go */
        COLUMN_TEXT, /* what people and tools wrote: masked, dropped where only metadata may go */
        COLUMN_JSON, /* the same, in JSON that must stay JSON */
} ColumnKind;

typedef struct Column {
        const char *name;
        ColumnKind kind;
        const char *source; /* its name in agentsview's table; NULL: made here, not read */
        int since; /* agentsview's data version that has it for sure; 0: without it the table cannot be read */
} Column;

typedef struct Table {
        const char *name;
        const char *source; /* agentsview's name of it */
        const Column *columns;
        size_t n_columns;
        const char *key; /* primary key columns, as SQL */
        int since;       /* as for a column: 0: without it the source cannot be read */
} Table;

static inline bool column_is_number(const Column *c)
{
        return c->kind == COLUMN_NUMBER || c->kind == COLUMN_REAL;
}

static inline bool column_is_masked(const Column *c)
{
        return c->kind == COLUMN_WORD || c->kind == COLUMN_TEXT || c->kind == COLUMN_JSON;
}

/* Copies @n values, their texts into @arena; @to may be @from. Returns 0 or -ENOMEM. */
int values_copy(Arena *arena, const Value *from, size_t n, Value *to);

static inline Value value_integer(int64_t i)
{
        return (Value){ .type = VALUE_INTEGER, .integer = i };
}

static inline Value value_real(double d)
{
        return (Value){ .type = VALUE_REAL, .real = d };
}

static inline Value value_text(const char *text, size_t size)
{
        return text ? (Value){ .type = VALUE_TEXT, .text = text, .size = size } : (Value){ 0 };
}
