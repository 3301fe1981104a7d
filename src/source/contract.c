/* Contract: what the source must have before anything is changed */
#include "source/contract.h"

#include <inttypes.h>

#include "model/session.h"

/* The newest data version that is known here: agentsview 0.46.1. */
#define DATA_VERSION_KNOWN 143

static const Column call_joins[] = {
        { "id", COLUMN_NUMBER, "id", 0 },
        { "message_id", COLUMN_NUMBER, "message_id", 0 },
};
static const Column row_ids[] = { { "id", COLUMN_NUMBER, "id", 0 } };
static const Column deletion_columns[] = {
        { "session_id", COLUMN_ID, "session_id", 0 },
        { "revision", COLUMN_NUMBER, "revision", 0 },
        { "deleted", COLUMN_NUMBER, "deleted", 0 },
};
static const Column excluded_columns[] = { { "id", COLUMN_ID, "id", 0 } };

/* What is read to find and join rows, beside the tables that are mirrored. */
static const Table messages_joined = { NULL, "messages", row_ids, ELEMENTSOF(row_ids), NULL, 0 };
static const Table calls_joined = {
        NULL, "tool_calls", call_joins, ELEMENTSOF(call_joins), NULL, 5
};
static const Table events_joined = { NULL, "tool_result_events", row_ids, ELEMENTSOF(row_ids), NULL,
                                     8 };
static const Table deletions = {
        NULL, "session_deletion_changes", deletion_columns, ELEMENTSOF(deletion_columns), NULL, 80
};
static const Table excluded = {
        NULL, "excluded_sessions", excluded_columns, ELEMENTSOF(excluded_columns), NULL, 5
};

static const Table *const tables[] = {
        &session_table, &message_table, &call_table,   &event_table,     &star_table,
        &pin_table,     &label_table,   &parent_table, &messages_joined, &calls_joined,
        &events_joined, &deletions,     &excluded,     &usage_table,
};

static int broken(const Schema *s, const char *path, char **reterr, const char *what)
{
        format_error(reterr,
                     "'%s': %s. It has agentsview's data version %" PRId64
                     ", and this version of scrubjay knows %d. Nothing is changed, so that nothing "
                     "archived is lost. Update scrubjay.",
                     path, what, s->data_version, DATA_VERSION_KNOWN);
        return -EPROTO;
}

static bool type_holds(SchemaType type, const Column *column)
{
        return type == SCHEMA_ANY ||
               type == (column_is_number(column) ? SCHEMA_NUMBER : SCHEMA_TEXT);
}

static int check_column(const Schema *s, int64_t version, const char *path, const Table *table,
                        const Column *column, char **reterr)
{
        const SchemaColumn *found = schema_column(s, table->source, column->source);
        _cleanup_free_ char *what = NULL;

        if (!found && column->since <= version)
                format_error(&what, "its table '%s' has no column '%s'", table->source,
                             column->source);
        else if (found && !type_holds(found->type, column))
                format_error(&what, "the type of the column '%s' of its table '%s' has changed",
                             column->source, table->source);
        else
                return 0;
        return broken(s, path, reterr, what ?: "a column is missing");
}

static int check_table(const Schema *s, int64_t version, const char *path, const Table *table,
                       char **reterr)
{
        _cleanup_free_ char *what = NULL;
        int r = 0;

        if (!schema_has_table(s, table->source)) {
                if (table->since > version)
                        return 0;
                format_error(&what, "it has no table '%s'", table->source);
                return broken(s, path, reterr, what ?: "a table is missing");
        }
        for (size_t i = 0; r >= 0 && i < table->n_columns; i++)
                if (table->columns[i].source)
                        r = check_column(s, version, path, table, table->columns + i, reterr);
        return r;
}

int contract_check(const Schema *s, int64_t data_version, const char *path, char **reterr)
{
        int64_t version = s->data_version > data_version ? s->data_version : data_version;
        int r = 0;

        if (!schema_has_table(s, session_table.source) &&
            !schema_has_table(s, message_table.source)) {
                format_error(reterr,
                             "'%s' is not an agentsview database: it has neither a table 'sessions' nor a "
                             "table 'messages'. Check [Source] Path=.",
                             path);
                return -EPROTO;
        }
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(tables); i++)
                r = check_table(s, version, path, tables[i], reterr);
        return r;
}
